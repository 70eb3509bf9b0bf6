import type { SimulatorClock } from '../clock.ts';
import type { Router } from '../http/router.ts';
import { booleanParameter, type HubSpotCall, type HubSpotHandler, limitParameter } from './call.ts';
import { notFound, validationError } from './hubspot-error.ts';
import type { HubSpotOwner, HubSpotStore } from './hubspot-store.ts';
import type { HubSpotObject, StoredProperty } from './property-definition.ts';
import type { RateLimits } from './rate-limits.ts';
import { dealStages, type PipelineStage, ticketStages } from './standard-objects.ts';

export interface AccountRoutesOptions {
  readonly store: HubSpotStore;
  readonly clock: SimulatorClock;
  readonly limits: RateLimits;
  readonly portalId: number;
  readonly dailyLimit: () => number | null;
}

const definedAt = '2019-08-06T02:41:08.029Z';

function optionLabel(value: string): string {
  const words = value.replaceAll('_', ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function optionsOf(store: HubSpotStore, property: StoredProperty): readonly { value: string; label: string }[] {
  if (property.name === 'hubspot_owner_id') {
    return store.owners.map((owner) => ({ value: owner.id, label: `${owner.firstName} ${owner.lastName}` }));
  }
  const stages = property.name === 'dealstage' ? dealStages : property.name === 'hs_pipeline_stage' ? ticketStages : [];
  const labels = new Map(stages.map((stage) => [stage.id, stage.label]));
  return property.options.map((value) => ({ value, label: labels.get(value) ?? optionLabel(value) }));
}

function describeProperty(
  store: HubSpotStore,
  object: HubSpotObject,
  property: StoredProperty,
): Record<string, unknown> {
  return {
    updatedAt: definedAt,
    createdAt: definedAt,
    name: property.name,
    label: property.label,
    type: property.type,
    fieldType: property.fieldType,
    description: '',
    groupName: `${object.singular}${property.groupName}`,
    options: optionsOf(store, property).map((option, index) => ({ ...option, displayOrder: index, hidden: false })),
    displayOrder: -1,
    calculated: property.calculated,
    externalOptions: property.name === 'hubspot_owner_id',
    ...(property.name === 'hubspot_owner_id' ? { referencedObjectType: 'OWNER' } : {}),
    archived: false,
    hasUniqueValue: property.hasUniqueValue && property.name !== 'email',
    hidden: property.hidden,
    ...(property.hubspotDefined ? { hubspotDefined: true } : { createdUserId: '9001', updatedUserId: '9001' }),
    modificationMetadata: {
      archivable: !property.hubspotDefined,
      readOnlyDefinition: property.hubspotDefined,
      readOnlyOptions: property.hubspotDefined,
      readOnlyValue: property.readOnly,
    },
    formField: !property.readOnly,
    dataSensitivity: 'non_sensitive',
  };
}

/** The bare list of the older form, which some clients still read schemas from. */
function describePropertyV2(
  store: HubSpotStore,
  object: HubSpotObject,
  property: StoredProperty,
): Record<string, unknown> {
  const shown = describeProperty(store, object, property);
  return {
    name: property.name,
    label: property.label,
    description: '',
    groupName: shown.groupName,
    type: property.type === 'phone_number' ? 'string' : property.type,
    fieldType: property.fieldType,
    options: shown.options,
    readOnlyValue: property.readOnly,
    hidden: property.hidden,
    calculated: property.calculated,
    hubspotDefined: property.hubspotDefined,
    deleted: false,
  };
}

function showOwner(owner: HubSpotOwner): Record<string, unknown> {
  return {
    id: owner.id,
    email: owner.email,
    type: 'PERSON',
    firstName: owner.firstName,
    lastName: owner.lastName,
    ...(owner.isArchived
      ? { userIdIncludingInactive: owner.userId }
      : { userId: owner.userId, userIdIncludingInactive: owner.userId }),
    createdAt: new Date(owner.createdAt).toISOString(),
    updatedAt: new Date(owner.updatedAt).toISOString(),
    archived: owner.isArchived,
    teams: [],
  };
}

function pipeline(
  id: string,
  label: string,
  stages: readonly PipelineStage[],
  isTicket: boolean,
): Record<string, unknown> {
  return {
    id,
    label,
    displayOrder: 0,
    createdAt: definedAt,
    updatedAt: definedAt,
    archived: false,
    stages: stages.map((stage, index) => ({
      id: stage.id,
      label: stage.label,
      displayOrder: index,
      metadata: isTicket
        ? { isClosed: String(stage.isClosed), ticketState: stage.isClosed ? 'CLOSED' : 'OPEN' }
        : { isClosed: String(stage.isClosed), probability: stage.probability },
      createdAt: definedAt,
      updatedAt: definedAt,
      archived: false,
      writePermissions: 'CRM_PERMISSIONS_ENFORCEMENT',
    })),
  };
}

function objectOf(store: HubSpotStore, call: HubSpotCall): HubSpotObject {
  const object = store.object(call.params.type ?? '');
  call.auth.needScope(object.scope === 'tickets' ? 'tickets' : `${object.scope}.read`);
  return object;
}

/** Properties, owners, pipelines and facts about the account. */
export function addAccountRoutes(router: Router<HubSpotHandler>, options: AccountRoutesOptions): void {
  const { store } = options;

  router.add('GET', '/crm/properties/:type', (call) => {
    const object = objectOf(store, call);
    if (booleanParameter(call, 'archived')) return { status: 200, json: { results: [] } };
    return {
      status: 200,
      json: { results: object.properties.map((property) => describeProperty(store, object, property)) },
    };
  });
  router.add('GET', '/crm/properties/:type/groups', (call) => {
    const object = objectOf(store, call);
    const name = `${object.singular}information`;
    return { status: 200, json: { results: [{ name, label: optionLabel(name), displayOrder: 0, archived: false }] } };
  });
  router.add('GET', '/crm/properties/:type/:name', (call) => {
    const object = objectOf(store, call);
    const property = object.property(call.params.name ?? '');
    if (property === undefined) throw notFound(`Property ${call.params.name} does not exist`);
    return { status: 200, json: describeProperty(store, object, property) };
  });
  const bareList: HubSpotHandler = (call) => {
    const object = objectOf(store, call);
    return { status: 200, json: object.properties.map((property) => describePropertyV2(store, object, property)) };
  };
  router.add('GET', '/properties/v2/:type/properties', bareList);
  router.add('GET', '/properties/v1/:type/properties', bareList);
  router.add('GET', '/companies/v2/properties', (call) => bareList({ ...call, params: { type: 'companies' } }));

  router.add('GET', '/crm/owners', (call) => {
    call.auth.needScope('crm.objects.owners.read');
    const limit = limitParameter(call, 100, 500);
    const archived = booleanParameter(call, 'archived');
    const email = call.request.query.get('email');
    const owners = store.owners.filter(
      (owner) => owner.isArchived === archived && (email === null || email === '' || owner.email === email),
    );
    const start = Number(call.request.query.get('after') ?? 0);
    if (!Number.isInteger(start) || start < 0) throw validationError('after is not a known position');
    const shown = owners.slice(start, start + limit);
    const next = start + limit;
    const paging =
      next < owners.length
        ? { paging: { next: { after: String(next), link: `https://api.hubapi.com/crm/v3/owners?after=${next}` } } }
        : {};
    return { status: 200, json: { results: shown.map(showOwner), ...paging } };
  });
  router.add('GET', '/crm/owners/:id', (call) => {
    call.auth.needScope('crm.objects.owners.read');
    const { id } = call.params;
    const isUserId = call.request.query.get('idProperty') === 'userId';
    const owner = store.owners.find((each) => (isUserId ? String(each.userId) : each.id) === id);
    if (owner === undefined) throw notFound(`Owner ${id} does not exist`);
    return { status: 200, json: showOwner(owner) };
  });

  router.add('GET', '/crm/pipelines/:type', (call) => {
    const object = objectOf(store, call);
    if (object.name === 'deals')
      return { status: 200, json: { results: [pipeline('default', 'Sales Pipeline', dealStages, false)] } };
    if (object.name === 'tickets')
      return { status: 200, json: { results: [pipeline('0', 'Support Pipeline', ticketStages, true)] } };
    return { status: 200, json: { results: [] } };
  });
  const noSchemas: HubSpotHandler = () => ({ status: 200, json: { results: [] } });
  router.add('GET', '/crm/schemas', noSchemas);
  router.add('GET', '/crm-object-schemas/schemas', noSchemas);

  router.add('GET', '/account-info/details', () => ({
    status: 200,
    json: {
      portalId: options.portalId,
      accountType: 'STANDARD',
      timeZone: 'Etc/UTC',
      companyCurrency: 'USD',
      additionalCurrencies: ['EUR', 'GBP'],
      utcOffset: '+00:00',
      utcOffsetMilliseconds: 0,
      uiDomain: 'app.hubspot.com',
      dataHostingLocation: 'na1',
    },
  }));
  router.add('GET', '/account-info/api-usage/daily/private-apps', () => {
    const now = options.clock.now();
    const usage = {
      name: 'private-apps-api-calls-daily',
      usageLimit: options.dailyLimit(),
      currentUsage: options.limits.usedToday(),
      collectedAt: new Date(now).toISOString(),
      fetchStatus: 'SUCCESS',
      resetsAt: new Date(Math.ceil((now + 1) / 86_400_000) * 86_400_000).toISOString(),
    };
    return { status: 200, json: { results: [usage] } };
  });
}
