export { dynamodbViews, mostItemBytes, type DynamodbViewsOptions } from './dynamodb-views.ts';
export type { CallCost } from './dynamo.ts';
