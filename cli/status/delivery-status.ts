import type { GenerationId, Stuck, ViewStore } from 'banyan/projections';

/** What the delivery of events to a generation came to, and whom it waits for. */
export interface DeliveryStatus {
  /** Keys that wait for their owner: one of their events cannot be applied. */
  readonly parkedKeys: number;
  /** Keys whose documents lack events that are known already; they catch up by themselves. */
  readonly keysBehind: number;
  /** Events that were applied from the event log, since the bus was not seen to bring them. */
  readonly healed: number;
  /** Those of them that the bus brought afterwards. */
  readonly late: number;
  /** The others: the bus seems to have lost them. */
  readonly suspectedLost: number;
  /** The event whose key cannot be told: the whole view stands still. */
  readonly parkedAt?: Stuck;
}

/** Of a view that has no generation yet. */
export const nothingDelivered: DeliveryStatus = {
  parkedKeys: 0,
  keysBehind: 0,
  healed: 0,
  late: 0,
  suspectedLost: 0,
};

/** Reads it from the store, whoever feeds the generation. */
export async function deliveryStatus(store: ViewStore, id: GenerationId): Promise<DeliveryStatus> {
  const [tracking, parkedKeys, window, doubt] = await Promise.all([
    store.tracking(id),
    store.countTroubled(id, 'parked'),
    store.countTroubled(id, 'window'),
    store.countTroubled(id, 'doubt'),
  ]);
  const { healed, late } = tracking.figures;
  return {
    parkedKeys,
    keysBehind: window + doubt,
    healed,
    late,
    suspectedLost: healed - late,
    ...(tracking.parked && { parkedAt: tracking.parked }),
  };
}
