import { Type } from 'typebox';

export const ProfileSchema = Type.Object(
  {
    account: Type.String({ description: 'The CRM: sf:<org id> or hs:<portal id>' }),
    object: Type.String({ description: 'The object as the CRM names it' }),
    records: Type.Integer({ minimum: 0, description: 'Living records' }),
    deletedRecords: Type.Integer({ minimum: 0, description: 'Deleted, merged and erased records' }),
    newestChangeAt: Type.Optional(Type.String({ format: 'date-time', description: 'Newest change that is counted' })),
    fields: Type.Array(
      Type.Object({
        field: Type.String({ description: 'The field as the CRM names it' }),
        filledRecords: Type.Integer({ minimum: 0, description: 'Living records in which it has a value' }),
        filledRatio: Type.Optional(
          Type.Number({
            minimum: 0,
            maximum: 1,
            description: 'Share of the living records; absent when there are none',
          }),
        ),
      }),
    ),
  },
  { title: 'Profile' },
);

export const ProfilePageSchema = Type.Object(
  {
    items: Type.Array(ProfileSchema),
    nextCursor: Type.Optional(Type.String({ description: 'Give it as cursor to read on' })),
  },
  { title: 'ProfilePage' },
);
