package apikey

import (
	"path/filepath"
	"strconv"
	"testing"
)

// What a key costs each call, by the store, among ten or ten thousand keys.
func BenchmarkVerify(b *testing.B) {
	for _, size := range []int{10, 10_000} {
		b.Run("file/"+strconv.Itoa(size), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "keys")
			key := fillFile(b, path, size)
			v, err := Open(path, quiet)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = v.Close() }()
			benchmark(b, v, key)
		})
	}
	b.Run("sql", func(b *testing.B) {
		keys := NewSQL(openDB(b, "sqlite", "file:"+filepath.Join(b.TempDir(), "db")), quiet)
		if err := keys.Migrate(b.Context()); err != nil {
			b.Fatal(err)
		}
		key, _ := create(b, keys, Wanted{Name: "ci", Scopes: []string{"a", "b"}})
		defer func() { _ = keys.Close() }()
		benchmark(b, New(keys), key)
	})
}

func benchmark(b *testing.B, v *Verifier, key string) {
	b.ReportAllocs()
	ctx := b.Context()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := v.Verify(ctx, key); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// fillFile makes a file of keys at once and returns one of them.
func fillFile(b *testing.B, path string, size int) (key string) {
	store := newMemory()
	for range size {
		key, _ = create(b, store, Wanted{Name: "ci", Scopes: []string{"a", "b"}})
	}
	records, err := store.All(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	content, err := format(records)
	if err == nil {
		err = replace(path, content)
	}
	if err != nil {
		b.Fatal(err)
	}
	return key
}
