import { describe, expect, test } from '@jest/globals';
import { mergeOperation, readSoapFault, readSoapResults, soapEnvelope, undeleteOperation } from './soap.ts';

const answer = (body: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`;

describe('SOAP requests', () => {
  test('name the fields to blank before the id, as the schema wants it, and escape every value', () => {
    const fields = new Map([
      ['FirstName', 'A & <B>'],
      ['Title', null],
    ]);
    const operation = mergeOperation({ object: 'Contact', masterId: '003A', loserIds: ['003B', '003C'], fields });
    expect(operation).toBe(
      '<p:merge><p:request><p:masterRecord><o:type>Contact</o:type><o:fieldsToNull>Title</o:fieldsToNull><o:Id>003A</o:Id>' +
        '<o:FirstName>A &amp; &lt;B&gt;</o:FirstName></p:masterRecord><p:recordToMergeIds>003B</p:recordToMergeIds>' +
        '<p:recordToMergeIds>003C</p:recordToMergeIds></p:request></p:merge>',
    );
  });

  test('carry the session and the name of the client', () => {
    const envelope = soapEnvelope(undeleteOperation(['003A']), { accessToken: '00D!a<b', client: 'kempt' });
    expect(envelope).toContain('<p:sessionId>00D!a&lt;b</p:sessionId>');
    expect(envelope).toContain('<p:client>kempt</p:client>');
    expect(envelope).toContain('<p:undelete><p:ids>003A</p:ids></p:undelete>');
  });
});

describe('SOAP answers', () => {
  test('give what became of each record', () => {
    const results = readSoapResults(
      answer(
        '<mergeResponse><result><id>003000000000001AAA</id><mergedRecordIds>003000000000002AAA</mergedRecordIds><success>true</success>' +
          '<updatedRelatedIds>500000000000001AAA</updatedRelatedIds><updatedRelatedIds>00T000000000001AAA</updatedRelatedIds></result>' +
          '<result><errors><fields>LastName</fields><message>too &lt;long&gt;</message><statusCode>STRING_TOO_LONG</statusCode></errors>' +
          '<id xsi:nil="true"/><success>false</success></result></mergeResponse>',
      ),
    );
    expect(results).toEqual([
      { success: true, id: '003000000000001AAA', movedIds: ['500000000000001AAA', '00T000000000001AAA'] },
      { success: false, error: { code: 'STRING_TOO_LONG', message: 'too <long>', fields: ['LastName'] } },
    ]);
  });

  test('without results are malformed, and the call may have been carried out', () => {
    for (const body of ['', '<html></html>', answer(''), answer('<mergeResponse></mergeResponse>')]) {
      expect(() => readSoapResults(body)).toThrow(
        expect.objectContaining({ kind: 'malformed', code: 'malformed-soap', mayBeDone: true }),
      );
    }
  });

  test('that are faults give the code without its prefix; what is no fault gives none', () => {
    const fault =
      '<soapenv:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode><faultstring>INVALID_SESSION_ID: Invalid Session</faultstring></soapenv:Fault>';
    expect(readSoapFault(answer(fault))).toEqual({
      code: 'INVALID_SESSION_ID',
      message: 'Invalid Session',
      fields: [],
    });
    expect(readSoapFault('<html>Bad gateway</html>')).toBe(null);
    expect(readSoapFault('[{"errorCode":"X"}]')).toBe(null);
  });
});
