package pgstore

import (
	"strings"
	"testing"
)

// Each service has a schema of its own, whose name needs no quotes and fits.
func TestSchemaOfService(t *testing.T) {
	for service, want := range map[string]string{
		"":                "",
		"inventory":       "tandem_inventory",
		"Stock-Keeping 2": "tandem_stock_keeping_2",
	} {
		if got := schemaOf(service); got != want {
			t.Errorf("%q has the schema %q, want %q", service, got, want)
		}
	}
	long := strings.Repeat("x", 80)
	if a, b := schemaOf(long), schemaOf(long+"y"); len(a) > maxSchema || a == b {
		t.Errorf("long names have the schemas %q and %q", a, b)
	}
}
