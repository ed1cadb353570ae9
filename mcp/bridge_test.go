package mcp

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// No token is ever passed on: what serves requests behind the SDK's server sees
// neither the credentials of the request nor any other header of it, over every
// transport and in every revision.
func TestNoTokenReachesTheSDK(t *testing.T) {
	const token = "tdm_secret_token"
	srv, d, _ := newServer(t, Config{})
	var mu sync.Mutex
	reached := map[string]int{}
	look := func(what string, ctx context.Context, r sdk.Request) {
		mu.Lock()
		defer mu.Unlock()
		reached[what]++
		if extra := r.GetExtra(); extra != nil && (extra.Header != nil || extra.TokenInfo != nil) {
			t.Errorf("%s sees %+v", what, extra)
		}
		for _, seen := range []any{r.GetParams(), ctx} {
			if strings.Contains(fmt.Sprintf("%+v", seen), token) {
				t.Errorf("%s sees the token in %T", what, seen)
			}
		}
	}
	d.Server().AddPrompt(&sdk.Prompt{Name: "extra"}, func(ctx context.Context, r *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		look("prompt", ctx, r)
		return &sdk.GetPromptResult{}, nil
	})
	d.Server().AddResource(&sdk.Resource{URI: "test://extra", Name: "extra"}, func(ctx context.Context, r *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
		look("resource", ctx, r)
		return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: "test://extra"}}}, nil
	})
	d.Server().AddReceivingMiddleware(func(next sdk.MethodHandler) sdk.MethodHandler {
		return func(ctx context.Context, method string, r sdk.Request) (sdk.Result, error) {
			look(method, ctx, r)
			return next(ctx, method, r)
		}
	})
	all := ways(t, srv, d, "", "Authorization: Bearer "+token)
	for _, w := range all {
		for method, params := range map[string]string{
			methodGetPrompt: `"name":"extra"`, methodRead: `"uri":"test://extra"`, "prompts/list": "", "resources/list": "",
		} {
			if got := w.ask(t, method, params); strings.Contains(got, `"error"`) {
				t.Errorf("%s %s: %s", w.name, w.revision, got)
			}
		}
	}
	for _, what := range []string{"prompt", "resource", methodGetPrompt, methodRead, "prompts/list", "resources/list"} {
		if reached[what] < len(all) {
			t.Errorf("%s was reached %d times", what, reached[what])
		}
	}
}
