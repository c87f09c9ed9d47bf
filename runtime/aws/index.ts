export { awsClient, type AwsClientConfig, type AwsClientOptions } from './aws-client.ts';
export { emfMetrics, type EmfMetricsOptions } from './emf-metrics.ts';
export { lambdaLogger, type LambdaLoggerOptions } from './lambda-logger.ts';
export type { Dimensions, Metrics } from './metrics.ts';
export {
  noTracer,
  type Annotations,
  type CallOutcome,
  type Span,
  type TracedCall,
  type TracedWork,
  type Tracer,
} from './tracer.ts';
export { xrayTracer, type XrayTracerOptions } from './xray-tracer.ts';
