package introspection_test

import (
	"strconv"
	"testing"

	"github.com/tandem-go/tandem/auth/introspection"
)

const benchToken = "gU5SGv0yqSJx7wJ0o8pZ3bq2c1y9e6r4"

// What a call costs whose token is remembered.
func BenchmarkRemembered(b *testing.B) {
	v, _ := verifier(b, always(active(`,"scope":"items:read items:write"`)), nil)
	b.Run("good", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(b.Context(), benchToken); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("good, parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := v.Verify(b.Context(), benchToken); err != nil {
					b.Error(err)
				}
			}
		})
	})
	bad, _ := verifier(b, always(inactive), nil)
	b.Run("refused", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := bad.Verify(b.Context(), benchToken); err == nil {
				b.Fatal("it is good")
			}
		}
	})
}

// What a token costs that is not remembered, without the network; and one of a
// flood, which is not asked about.
func BenchmarkUnknown(b *testing.B) {
	b.Run("asked", func(b *testing.B) {
		v, _ := verifier(b, always(active(`,"scope":"items:read items:write"`)), nil)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := v.Verify(b.Context(), strconv.Itoa(i)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("flood", func(b *testing.B) {
		v, _ := verifier(b, always(inactive), func(c *introspection.Config) { c.UnknownBurst, c.UnknownPerSecond = 1, 0.001 })
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			_, _ = v.Verify(b.Context(), strconv.Itoa(i))
		}
	})
}
