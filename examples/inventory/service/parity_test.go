package service_test

import (
	"encoding/json"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/service"
	"github.com/tandem-go/tandem/tandemtest"
)

// Every operation of the inventory answers alike through REST, SSE, each session
// revision, 2026-07-28 and stdio: verdict, code, field errors and result.
func TestParity(t *testing.T) {
	tandemtest.Parity(t, newService, tandemtest.ParityConfig{
		Cases: map[string][]json.RawMessage{
			"query_product": {
				json.RawMessage(`{"sku":"SKU-0042"}`),
				json.RawMessage(`{"sku":"SKU-0005","warehouse_id":"east","include_variants":true}`),
				json.RawMessage(`{"sku":"SKU-9999"}`),
				json.RawMessage(`{"sku":"SKU-0001","warehouse_id":"north"}`),
			},
			"list_products": {
				json.RawMessage(`{"limit":3}`),
				json.RawMessage(`{"limit":3,"cursor":"tampered"}`),
				json.RawMessage(`{"category":"no-such"}`),
			},
			"get_product": {
				json.RawMessage(`{"sku":"SKU-0500"}`),
				json.RawMessage(`{"sku":"SKU-0501"}`),
				json.RawMessage(`{"sku":"../users"}`),
				json.RawMessage(`{"sku":"a/b"}`),
			},
			"get_user": {
				json.RawMessage(`{"user_id":"u-050"}`),
				json.RawMessage(`{"user_id":"u-051"}`),
			},
			"adjust_stock": {
				json.RawMessage(`{"sku":"SKU-0001","warehouse_id":"default","delta":5,"reason":"restock"}`),
				json.RawMessage(`{"sku":"SKU-0001","warehouse_id":"default","delta":-1000000,"reason":"damage"}`),
				json.RawMessage(`{"sku":"SKU-0005","warehouse_id":"default","delta":-150,"reason":"damage"}`), // asks
				json.RawMessage(`{"sku":"SKU-0001","warehouse_id":"default","delta":0,"reason":"sale"}`),
				json.RawMessage(`{"sku":"SKU-9999","warehouse_id":"default","delta":1,"reason":"sale"}`),
			},
			"recount_stock": {
				json.RawMessage(`{"warehouse_id":"west"}`),
				json.RawMessage(`{"warehouse_id":"moon"}`),
			},
		},
		Ignore: map[string][]string{"get_status": {"/uptime_seconds"}},
	})
}

func newService(t testing.TB) *tandem.Service {
	t.Helper()
	svc, err := service.New(service.Config{
		DatabaseURL:  "sqlite::memory:",
		CursorKey:    "an HMAC key that every run shares",
		RecountDelay: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return svc
}
