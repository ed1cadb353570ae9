package auth_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tandem-go/tandem/auth"
)

// What a plain list of keys costs: a comparison with each of them.
func BenchmarkAPIKeys(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		keys := make([]string, n)
		for i := range keys {
			keys[i] = fmt.Sprintf("benchmark-key-%08d", i)
		}
		v, err := auth.NewAPIKeys(keys)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), keys[0]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What the middleware costs beside its verifier.
func BenchmarkMiddleware(b *testing.B) {
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	verifier := says("ann", ann, nil)
	for name, v := range map[string]auth.Verifier{"one": verifier, "any of three": auth.Any(says("a", nil, auth.ErrOtherKind), says("b", nil, auth.ErrOtherKind), verifier)} {
		b.Run(name, func(b *testing.B) {
			h := auth.Middleware(v, auth.Options{Source: func(r *http.Request) string { return r.RemoteAddr }})(nothing)
			r := httptest.NewRequest("GET", "/items?limit=10&cursor=abc", nil)
			r.Header.Set("Authorization", "Bearer x")
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
	b.Run("refused", func(b *testing.B) {
		h := auth.Middleware(says("bad", nil, errBad), auth.Options{Logger: slog.New(slog.DiscardHandler)})(nothing)
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer x")
		b.ReportAllocs()
		for b.Loop() {
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
	})
}
