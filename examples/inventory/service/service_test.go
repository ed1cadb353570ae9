package service

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

func start(t *testing.T) *tandem.Service {
	t.Helper()
	svc, err := New(Config{DatabaseURL: "sqlite::memory:", RecountDelay: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := svc.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := svc.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return svc
}

// asAdmin is the context of a caller who may do everything.
func asAdmin(t *testing.T) context.Context {
	return tandem.WithPrincipal(t.Context(), &tandem.Principal{Subject: "admin", Issuer: "test", Scopes: []string{tandem.AllScopes}})
}

// TestOperations calls each operation through the waist, as both doors do.
func TestOperations(t *testing.T) {
	svc := start(t)
	for _, c := range []struct {
		operation, arguments string
		want                 string // in the result, or in the problem after its code
	}{
		{"get_status", `{}`, `"engine":"sqlite","products":500`},
		{"query_product", `{"sku":"SKU-0005"}`, `{"sku":"SKU-0005","name":"Foldable stapler","quantity":185,"location":"F-06-1"}`},
		{"query_product", `{"sku":"SKU-0005","warehouse_id":"east","include_variants":true}`, `{"sku":"SKU-0005-BLK","name":"black"}`},
		{"query_product", `{"sku":"SKU-0001","include_variants":true}`, `"variants":[]`},
		{"query_product", `{"sku":"SKU-9999"}`, `not_found`},
		{"query_product", `{"sku":"SKU-0001","warehouse_id":"north"}`, `not_found`},
		{"query_product", `{"sku":""}`, `invalid_argument /sku`},
		{"query_product", `{"sku":"a\u0000b","warehouse_id":"'; --"}`, `invalid_argument /sku /warehouse_id`},
		{"list_products", `{"limit":1}`, `{"products":[{"sku":"SKU-0001","name":"Foldable desk lamp","category":"lighting","quantity":414}],"next_cursor":"`},
		{"list_products", `{"category":"none"}`, `{"products":[]}`},
		{"list_products", `{"limit":0}`, `invalid_argument /limit`},
		{"list_products", `{"limit":101,"in_stock":"yes"}`, `invalid_argument /limit /in_stock`},
		{"list_products", `{"cursor":"AQID"}`, `invalid_argument /cursor`},
		{"get_product", `{"sku":"SKU-0050"}`, `"quantity":0,"stock":[{"warehouse_id":"default","quantity":0`},
		{"get_product", `{"sku":"SKU-0501"}`, `not_found`},
		{"get_user", `{"user_id":"u-001"}`, `{"user_id":"u-001","name":"Ada Hartmann","email":"ada.hartmann@example.com","role":"admin"}`},
		{"get_user", `{"user_id":"u-051"}`, `not_found`},
		{"adjust_stock", `{"sku":"SKU-0005","warehouse_id":"default","delta":12,"reason":"restock"}`, `{"sku":"SKU-0005","warehouse_id":"default","quantity":197,"adjustment_id":"adj-1"}`},
		{"adjust_stock", `{"sku":"SKU-0005","warehouse_id":"default","delta":-198,"reason":"sale"}`, `failed_precondition`},
		{"adjust_stock", `{"sku":"SKU-0005","warehouse_id":"default","delta":0,"reason":"sale"}`, `invalid_argument /delta`},
		{"adjust_stock", `{"sku":"SKU-0005","warehouse_id":"default","delta":1,"reason":"gift"}`, `invalid_argument /reason`},
		{"recount_stock", `{"warehouse_id":"west"}`, `{"warehouse_id":"west","counted":500,"corrected":`},
		{"recount_stock", `{"warehouse_id":"north"}`, `not_found`},
	} {
		result, err := svc.Invoke(asAdmin(t), c.operation, []byte(c.arguments))
		if got := outcome(result, err); !strings.Contains(got, c.want) {
			t.Errorf("%s %s:\n got %s\nwant %s", c.operation, c.arguments, got, c.want)
		}
	}
}

// outcome is the result, or the error's code and the pointers of its fields.
func outcome(result tandem.Result, err error) string {
	var e *tandem.Error
	if !errors.As(err, &e) {
		return string(result.JSON)
	}
	parts := []string{e.Code.String()}
	for _, f := range e.Fields {
		parts = append(parts, f.Pointer)
	}
	return strings.Join(parts, " ")
}

func TestScopes(t *testing.T) {
	svc := start(t)
	nobody := tandem.WithPrincipal(t.Context(), &tandem.Principal{Subject: "nobody", Issuer: "test"})
	for operation, scopes := range map[string][]string{
		"get_status":    nil,
		"query_product": {"inventory:read"},
		"list_products": {"inventory:read"},
		"get_product":   {"inventory:read"},
		"get_user":      {"users:read"},
		"adjust_stock":  {"inventory:write"},
		"recount_stock": {"inventory:write"},
	} {
		op, ok := svc.Operation(operation)
		if !ok || !slices.Equal(op.Scopes, scopes) {
			t.Errorf("%s needs %v, want %v", operation, op.Scopes, scopes)
		}
		_, err := svc.Invoke(nobody, operation, op.Input().Example())
		if refused := tandem.CodeOf(err) == tandem.PermissionDenied; refused != (scopes != nil) {
			t.Errorf("%s by somebody without scopes: %v", operation, err)
		}
	}
}

// TestExamples protects the documents: every property says what it is, and what
// the examples show can be called and is what comes back.
func TestExamples(t *testing.T) {
	svc := start(t)
	for _, op := range svc.Operations() {
		for _, f := range op.Input().Fields() {
			// A made-up cursor would be refused, and prefilled forms would send it.
			if f.Doc == "" || (f.Example == nil && f.Name != "cursor") {
				t.Errorf("%s: argument %s lacks doc or example", op.Name, f.Name)
			}
		}
		if _, err := svc.Invoke(asAdmin(t), op.Name, op.Input().Example()); err != nil {
			t.Errorf("%s: the example %s is refused: %v", op.Name, op.Input().Example(), err)
		}
		for _, f := range op.Output().Fields() {
			if f.Doc == "" {
				t.Errorf("%s: result %s lacks doc", op.Name, f.Name)
			}
		}
		if example := op.Output().Example(); !json.Valid(example) {
			t.Errorf("%s: the result has no example: %s", op.Name, example)
		}
	}
}

func TestNewRefusesABadConfig(t *testing.T) {
	if _, err := New(Config{DatabaseURL: "nowhere"}); err == nil {
		t.Error("a bad database URL was accepted")
	}
}
