// Package tandemtest tests a service through its doors, in memory.
//
// [Parity] proves that every operation gives the same verdict, error code, field
// errors and result through REST, legacy SSE, each session revision of
// Streamable HTTP, the stateless 2026-07-28 revision and stdio, for calls that
// it generates from the operations' schemas, valid and invalid:
//
//	func TestParity(t *testing.T) {
//		tandemtest.Parity(t, newService, tandemtest.ParityConfig{})
//	}
//
// [Dial] opens one transport to a service for tests of its own behaviour:
//
//	client := tandemtest.Dial(t, svc, tandemtest.Modern)
//	outcome, err := client.Call(ctx, "query_product", []byte(`{"sku":"SKU-0042"}`))
//
// Operations that ask their caller are answered by [Accept], or as
// [ParityConfig].Answer and [Answering] say.
//
// No port is opened: HTTP runs over net.Pipe, so the tests also run in a
// testing/synctest bubble.
package tandemtest
