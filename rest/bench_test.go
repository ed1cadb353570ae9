package rest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tandem-go/tandem/rest"
)

// discard is a ResponseWriter that costs nothing, so that the door's own price shows.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

const orderJSON = `{"sku":"SKU-1042","count":9007199254740993}`

// bare is what one would write by hand, without validation.
func bare() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/orders", func(w http.ResponseWriter, r *http.Request) {
		var in order
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<20)).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(in)
	})
	mux.HandleFunc("GET /api/v1/things/{id}", func(w http.ResponseWriter, r *http.Request) {
		in := thing{ID: r.PathValue("id"), Tags: r.URL.Query()["tags"]}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(in)
	})
	return mux
}

func BenchmarkHandler(b *testing.B) {
	for name, h := range map[string]http.Handler{"bare": bare(), "rest": newHandler(b, newService(), rest.Config{})} {
		b.Run("body/"+name, func(b *testing.B) {
			body := strings.NewReader(orderJSON)
			r := httptest.NewRequest("POST", "/api/v1/orders", io.NopCloser(body))
			r.ContentLength = int64(body.Len())
			r.Header.Set("Content-Type", "application/json")
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(orderJSON)
				h.ServeHTTP(&discard{http.Header{}}, r)
			}
		})
		b.Run("path+query/"+name, func(b *testing.B) {
			r := httptest.NewRequest("GET", "/api/v1/things/a?limit=5&exact=true&tags=x&tags=y", nil)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(&discard{http.Header{}}, r)
			}
		})
	}
}
