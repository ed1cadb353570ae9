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

// asAsked invokes adjust_stock as a caller does who can be asked and answers so.
func asAsked(t *testing.T, svc *tandem.Service, arguments, answer string) (tandem.Result, error) {
	t.Helper()
	op, _ := svc.Operation("adjust_stock")
	resume := tandem.Resume{CanAsk: func(tandem.Question) bool { return true }}
	call := &tandem.Call{Operation: op, Arguments: []byte(arguments)}
	result, err := op.InvokeResumable(asAdmin(t), call, resume)
	var pending *tandem.Pending
	if !errors.As(err, &pending) {
		return result, err
	}
	if len(pending.Questions) != 1 || !strings.Contains(string(pending.Questions[0].Params), "Write off 150 units of SKU-0005") {
		t.Errorf("asked %+v", pending.Questions)
	}
	if answer == "" {
		return result, err
	}
	resume.State = pending.State
	resume.Answers = map[string]json.RawMessage{pending.Questions[0].ID: json.RawMessage(answer)}
	return op.InvokeResumable(asAdmin(t), call, resume)
}

// TestWriteOff protects that damage of more than 100 units is written off only if
// it is confirmed, or its caller cannot be asked.
func TestWriteOff(t *testing.T) {
	const writeOff = `{"sku":"SKU-0005","warehouse_id":"default","delta":-150,"reason":"damage"}`
	for _, c := range []struct{ answer, want string }{
		{"", "awaits answers"},
		{`{"action":"accept","content":{"confirm":true}}`, `"quantity":35`},
		{`{"action":"accept","content":{"confirm":false}}`, "failed_precondition: the write-off of 150"},
		{`{"action":"decline"}`, "failed_precondition: the caller declined"},
		{`{"action":"accept","content":{}}`, "invalid_argument"},
	} {
		svc := start(t)
		result, err := asAsked(t, svc, writeOff, c.answer)
		got := string(result.JSON)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.answer, got, c.want)
		}
		if left := quantity(t, svc); err != nil && left != 185 {
			t.Errorf("%s: %d are left", c.answer, left)
		}
	}
	if result, err := start(t).Invoke(asAdmin(t), "adjust_stock", []byte(writeOff)); err != nil || !strings.Contains(string(result.JSON), `"quantity":35`) {
		t.Errorf("a caller who cannot be asked: %s, %v", result.JSON, err)
	}
	if _, err := asAsked(t, start(t), strings.Replace(writeOff, "150", "186", 1), ""); tandem.CodeOf(err) != tandem.FailedPrecondition || errors.As(err, new(*tandem.Pending)) {
		t.Errorf("more than there is: %v", err)
	}
}

// quantity returns what the main warehouse has of SKU-0005.
func quantity(t *testing.T, svc *tandem.Service) int64 {
	t.Helper()
	result, err := svc.Invoke(asAdmin(t), "query_product", []byte(`{"sku":"SKU-0005"}`))
	var product struct{ Quantity int64 }
	if err == nil {
		err = json.Unmarshal(result.JSON, &product)
	}
	if err != nil {
		t.Fatal(err)
	}
	return product.Quantity
}

// TestProductResource protects that a product reads alike as a resource and as an
// operation, under the same scope, and that its subscribers hear of its changes.
func TestProductResource(t *testing.T) {
	svc := start(t)
	contents, err := svc.ReadResource(asAdmin(t), "inventory://products/SKU-0005", tandem.Call{})
	result, same := svc.Invoke(asAdmin(t), "get_product", []byte(`{"sku":"SKU-0005"}`))
	if err != nil || same != nil || len(contents) != 1 || contents[0].Text != string(result.JSON) || contents[0].MIMEType != "application/json" {
		t.Errorf("%+v, %v; the operation: %s, %v", contents, err, result.JSON, same)
	}
	if _, err := svc.ReadResource(asAdmin(t), "inventory://products/SKU-9999", tandem.Call{}); tandem.CodeOf(err) != tandem.NotFound {
		t.Errorf("no product: %v", err)
	}
	if _, err := svc.ReadResource(t.Context(), "inventory://products/SKU-0005", tandem.Call{}); tandem.CodeOf(err) != tandem.Unauthenticated {
		t.Errorf("without credentials: %v", err)
	}
	var updated []string
	defer svc.OnChange(func(c tandem.Change) { updated = append(updated, c.Updated) })()
	for _, c := range []struct {
		operation, arguments string
		want                 func() bool
	}{
		{"adjust_stock", `{"sku":"SKU-0005","warehouse_id":"default","delta":1,"reason":"restock"}`, func() bool {
			return slices.Equal(updated, []string{"inventory://products/SKU-0005"})
		}},
		{"adjust_stock", `{"sku":"SKU-0005","warehouse_id":"default","delta":-9999,"reason":"sale"}`, func() bool { return len(updated) == 0 }},
		{"recount_stock", `{"warehouse_id":"default"}`, func() bool {
			return len(updated) > 1 && slices.Contains(updated, "inventory://products/SKU-0003") && slices.IsSorted(updated)
		}},
		{"recount_stock", `{"warehouse_id":"default"}`, func() bool { return len(updated) == 0 }},
	} {
		updated = nil
		_, _ = svc.Invoke(asAdmin(t), c.operation, []byte(c.arguments)) // one is refused
		if !c.want() {
			t.Errorf("%s %s: updated %v", c.operation, c.arguments, updated)
		}
	}
}

// TestRestockPlan protects the prompt: its figures are the store's, its arguments
// are checked and completed.
func TestRestockPlan(t *testing.T) {
	svc := start(t)
	prompt := svc.Prompts()[0]
	for _, c := range []struct {
		arguments map[string]string
		want      string
	}{
		{map[string]string{"warehouse_id": "east", "threshold": "0"}, "- SKU-0050, "},
		{map[string]string{"warehouse_id": "east"}, `Plan a restock of warehouse "east". It has at most 10 units`},
		{map[string]string{"warehouse_id": "east", "threshold": "many"}, "invalid_argument"},
		{map[string]string{"warehouse_id": "north"}, "not_found"},
		{nil, "invalid_argument"},
	} {
		messages, err := prompt.Get(asAdmin(t), c.arguments, tandem.Call{})
		var got string
		if err != nil {
			got = err.Error()
		} else if len(messages) == 1 && messages[0].Role == tandem.User {
			got = messages[0].Content.(tandem.Text).Text
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%v: %s, want %s", c.arguments, got, c.want)
		}
	}
	if prompt.Name != "restock_plan" || len(prompt.Arguments()) != 2 || !prompt.Arguments()[0].Required || prompt.Arguments()[1].Required {
		t.Errorf("%s has the arguments %+v", prompt.Name, prompt.Arguments())
	}
	for typed, want := range map[string][]string{"": {"default", "east", "west"}, "e": {"east"}, "x": {}} {
		completion, err := prompt.CompleteArgument(asAdmin(t), "warehouse_id", typed, nil)
		if err != nil || !slices.Equal(completion.Values, want) {
			t.Errorf("%q: %v, %v", typed, completion.Values, err)
		}
	}
	if _, err := prompt.Get(t.Context(), map[string]string{"warehouse_id": "east"}, tandem.Call{}); tandem.CodeOf(err) != tandem.Unauthenticated {
		t.Errorf("without credentials: %v", err)
	}
}
