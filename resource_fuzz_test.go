package tandem

import (
	"context"
	"encoding/json"
	"testing"
)

type templateVars struct {
	SKU string `json:"sku"`
	N   int    `json:"n,omitzero"`
	On  bool   `json:"on,omitzero"`
}

// Whatever URI comes, a template takes it apart into an object of its own
// variables, or does not know it; a value never escapes into another one.
func FuzzTemplateMatch(f *testing.F) {
	svc := New("x", "1")
	var templates []*RegisteredResource
	for _, uri := range []string{"stock://products/{sku}", "stock://{sku}/{n}{?on}", "stock://all{/sku}/end", "stock://{+sku}#{n}"} {
		templates = append(templates, ResourceTemplate(svc, ResourceInfo{Name: "t" + string(rune('a'+len(templates))), URI: uri}, func(_ context.Context, v templateVars) (Text, error) {
			return Text{Text: v.SKU}, nil
		}))
	}
	for _, uri := range []string{
		"stock://products/SKU-1", "stock://products/a%2Fb", `stock://products/a","n":1,"x":"`, "stock://products/", "stock://products/%", "stock://products/%00%ff",
		"stock://a/1?on=true", "stock://a/1e9?on=", "stock://all/x/end", "stock://x/y#7", "", "\xff",
	} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		for _, r := range templates {
			args, ok := r.ArgumentsOf(uri)
			if !ok {
				continue
			}
			var members map[string]json.RawMessage
			if err := json.Unmarshal(args, &members); err != nil {
				t.Fatalf("%s of %q: %s: %v", r.URI, uri, args, err)
			}
			for name := range members {
				if name != "sku" && name != "n" && name != "on" {
					t.Fatalf("%s of %q: %s has %q", r.URI, uri, args, name)
				}
			}
		}
		if _, err := svc.ReadResource(context.Background(), uri, Call{}); CodeOf(err) == Internal {
			t.Fatalf("%q: %v", uri, err)
		}
	})
}
