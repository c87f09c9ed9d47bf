export {
  detailTypes,
  toDetail,
  toProbeDetail,
  toReferenceDetail,
  toTallyDetail,
  type Detail,
  type EventReference,
  type Probe,
} from './detail.ts';
export { fromDetail } from './from-detail.ts';
