package idempotency_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/idempotency"
)

// A payment is made once, however often its caller has to try.
func Example() {
	type payment struct {
		Amount int `json:"amount"`
	}
	type paid struct {
		Total int `json:"total"`
	}
	total := 0
	svc := tandem.New("bank", "1.0.0")
	svc.Use(idempotency.Interceptor(idempotency.NewMemory(idempotency.MemoryConfig{}), idempotency.Options{}))
	op := tandem.Register(svc, tandem.Operation{Name: "pay", Idempotency: tandem.Required},
		func(_ context.Context, p payment) (paid, error) {
			total += p.Amount
			return paid{total}, nil
		})
	for range 3 { // the doors do this, with the key of the request
		result, err := op.Invoke(context.Background(), &tandem.Call{
			Operation: op, Arguments: []byte(`{"amount":10}`), IdempotencyKey: "0197f2f0-7a4e",
		})
		fmt.Println(string(result.JSON), result.Replayed, err)
	}
	// Output:
	// {"total":10} false <nil>
	// {"total":10} true <nil>
	// {"total":10} true <nil>
}

// A store of the domain works in the transaction of the call, where there is one.
func ExampleTx() {
	type execer interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	}
	var db *sql.DB // the same that the idempotency store was opened on

	conn := func(ctx context.Context) (execer, error) {
		if tx, ok := idempotency.Tx[*sql.Tx](ctx); ok {
			return tx, nil
		}
		if db == nil {
			return nil, errors.New("there is no database in this example")
		}
		return db, nil
	}
	_, err := conn(context.Background())
	fmt.Println(err)
	// Output: there is no database in this example
}
