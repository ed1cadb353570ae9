package openapi_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem/server"
)

// A client that oapi-codegen generates from the served document compiles and
// calls the service. The generator is pinned in a module of its own, so that
// nothing of it is in this one.
func TestGeneratedClient(t *testing.T) {
	url := serve(t, inventory(t), server.Config{})
	module := t.TempDir()
	if err := os.CopyFS(module, os.DirFS("testdata/client")); err != nil {
		t.Fatal(err)
	}
	if out, err := goCommand(t, module, "mod", "download"); err != nil {
		unavailable(t, "the generator's modules cannot be had: "+out)
	}
	generate(t, module, url+"/openapi.json")
	got, err := goCommand(t, module, "run", ".", url+"/api/v1")
	if err != nil {
		t.Fatalf("the generated client: %v\n%s", err, got)
	}
	want := "body SKU-0005 Foldable stapler true\npath u-001 admin\nquery 3 true\ninvalid invalid_argument /sku\nmissing 404 not_found\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The generator also takes what the reference service has no use for: unions,
// recursive types, nullable and free-form values, headers, the rest of a path.
func TestGeneratedClientOfEverything(t *testing.T) {
	url := serve(t, everything(t), server.Config{})
	module := t.TempDir()
	if err := os.CopyFS(module, os.DirFS("testdata/client")); err != nil {
		t.Fatal(err)
	}
	if out, err := goCommand(t, module, "mod", "download"); err != nil {
		unavailable(t, "the generator's modules cannot be had: "+out)
	}
	generate(t, module, url+"/openapi.yaml")
	if out, err := goCommand(t, module, "build", "./api"); err != nil {
		t.Errorf("the generated client: %v\n%s", err, out)
	}
}

// generate writes package api from a document.
func generate(t *testing.T, module, document string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(module, "api"), 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := goCommand(t, module, "tool", "oapi-codegen", "-generate", "types,client", "-package", "api", "-o", "api/api.go", document)
	if err != nil || strings.Contains(strings.ToLower(out), "warning") {
		t.Fatalf("oapi-codegen: %v\n%s", err, out)
	}
}

func goCommand(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// unavailable skips the test with the reason, or fails it where everything that
// tests need is required.
func unavailable(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("TANDEM_REQUIRE_SERVICES") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}
