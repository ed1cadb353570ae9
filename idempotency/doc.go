// Package idempotency makes a call that is tried again have no second effect: the
// caller names it by a key, and who comes again with the key gets what the first try
// returned.
//
//	svc.Use(idempotency.Interceptor(store, idempotency.Options{}))
//	tandem.Register(svc, tandem.Operation{Name: "place_order", Idempotency: tandem.Required}, shop.PlaceOrder)
//
// Both doors share the keys: what was begun over REST can be tried again over MCP. A
// key belongs to its principal and its operation, and stands for one set of
// arguments. What is kept is success, for a day by default; a call that failed can
// be tried again under the same key.
//
// # The strongest promise
//
// An effect and its record must commit together, or a crash between the two loses
// one of them. The stores below do that: the record is part of a transaction in
// which the handler works too.
//
//	func (s *Shop) PlaceOrder(ctx context.Context, o Order) (Receipt, error) {
//		tx, _ := idempotency.Tx[*sql.Tx](ctx)
//		_, err := tx.ExecContext(ctx, "INSERT INTO orders …")
//		…
//	}
//
// When the handler returns, the transaction commits with the effect and the record,
// or neither: a try that dies leaves nothing behind. The handler neither commits nor
// rolls back, and does all its work on that database in that transaction: a second connection
// while the first one waits can exhaust the pool. What an effect in another
// system needs is that system's own key; hand it the caller's.
//
// [Memory] keeps the promise for as long as its process lives.
package idempotency
