import { describe, expect, test } from '@jest/globals';
import { callsByApp, csvRows } from './event-log.ts';

describe('CSV', () => {
  test('may quote commas, line breaks and quotes, and end its lines either way', () => {
    expect([...csvRows('a,"b,c","d\n""e"""\r\n1,,\n')]).toEqual([
      ['a', 'b,c', 'd\n"e"'],
      ['1', '', ''],
    ]);
    expect([...csvRows('')]).toEqual([]);
    expect([...csvRows('a,b')]).toEqual([['a', 'b']]);
    expect([...csvRows('a,')]).toEqual([['a', '']]);
  });

  test('that breaks off in a quoted cell, or goes on after one, is refused', () => {
    expect(() => [...csvRows('a,"b')]).toThrow(SyntaxError);
    expect(() => [...csvRows('"a"b,c')]).toThrow(SyntaxError);
  });
});

describe('calls by app', () => {
  test('are counted by the id of the app, and by the name of the client where there is none', () => {
    const csv = [
      '"EVENT_TYPE","CLIENT_NAME","CONNECTED_APP_ID","CONNECTED_APP_NAME"',
      '"ApiTotalUsage","sync","0H4000000000001","ERP Sync"',
      '"ApiTotalUsage","other","0H4000000000001","ERP Sync"',
      '"ApiTotalUsage","script","",""',
      '"ApiTotalUsage","","",""',
    ].join('\n');
    expect(callsByApp(csv)).toEqual([
      { appId: '0H4000000000001', appName: 'ERP Sync', calls: 2 },
      { appId: '', appName: 'script', calls: 1 },
      { appId: '', appName: 'unknown', calls: 1 },
    ]);
  });

  test('cannot be counted in something else', () => {
    expect(() => callsByApp('<html>')).toThrow(SyntaxError);
  });
});
