export { counters as default } from '../../../projections/testing/counters.ts';
