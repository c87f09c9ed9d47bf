export { awsClient, type AwsClientConfig, type AwsClientOptions } from './aws-client.ts';
export { emfMetrics, type EmfMetricsOptions } from './emf-metrics.ts';
export { lambdaLogger, type LambdaLoggerOptions } from './lambda-logger.ts';
export type { Dimensions, Metrics } from './metrics.ts';
