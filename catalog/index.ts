export { group, type Group, type GroupDefinition, type Owner } from './group.ts';
export { eventLogOf, eventsMadeBy, logsOf } from './event-makers.ts';
export { checkGroups, type Finding } from './check-groups.ts';
