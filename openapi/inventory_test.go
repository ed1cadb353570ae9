package openapi_test

import (
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/service"
	"github.com/tandem-go/tandem/openapi"
)

// inventory returns the reference service on a database in memory, stopped.
func inventory(t testing.TB) *tandem.Service {
	t.Helper()
	svc, err := service.New(service.Config{DatabaseURL: "sqlite::memory:"})
	if err != nil {
		t.Fatal(err)
	}
	return svc
}

func build(t testing.TB, svc *tandem.Service, cfg openapi.Config) *openapi.Document {
	t.Helper()
	doc, err := openapi.Build(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
