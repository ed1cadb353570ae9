package doctest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// The commands of the deployment guide make a program and secrets that run together,
// and a Secret that has what the manifests mount.
func TestDeploymentGuide(t *testing.T) {
	for _, program := range []string{"curl", "openssl", "kubectl"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("TANDEM_REQUIRE_SERVICES") == "1" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	scripts := blocksOf(t, root+"/docs/deployment.md", "sh")
	if len(scripts) != 3 {
		t.Fatalf("the guide has %d blocks of commands; the test knows 3", len(scripts))
	}
	dir := folder(t)
	module, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	inventory, tandem := filepath.Join(dir, "inventory"), filepath.Join(dir, "tandem")
	shell(t, module, strings.Replace(scripts[0], "-o inventory", "-o "+inventory, 1))
	shell(t, module, "go build -o "+tandem+" ./cmd/tandem")
	shell(t, dir, "PATH="+dir+":$PATH\n"+scripts[1])
	shell(t, dir, scripts[2])

	g := &guide{folder: dir, address: freeAddress(t), programs: map[string]string{"inventory": inventory}, stop: func() {}}
	t.Cleanup(func() { g.stop() })
	secrets := filepath.Join(dir, "deploy/docker/secrets") + "/"
	g.launch(t, "inventory", []string{
		"ADDR=" + g.address, "PUBLIC_URL=https://inventory.example.com", "STATE_KEYS_FILE=" + secrets + "state-keys",
		"CURSOR_KEY_FILE=" + secrets + "cursor-key", "API_KEYS_FILE=" + secrets + "api-keys",
	})
	const call = `/api/v1/products/query -d '{"sku":"SKU-0042"}' -H 'Content-Type: application/json' `
	for request, want := range map[string]string{
		call + `-H "Authorization: Bearer $(cat ` + secrets + `first.token)" -H 'Host: inventory.example.com'`: "200",
		call:                                  "401",
		call + `-H 'Host: other.example.com'`: "403",
		"/health -H 'Host: 10.1.2.3:8000'":    "200",
		"/health/live -H 'Host: healthcheck.railway.app'": "200",
	} {
		got := shell(t, dir, "curl -s -o /dev/null -w '%{http_code}' http://"+g.address+request)
		if got != want {
			t.Errorf("%s: %s, not %s", request, got, want)
		}
	}
	checkSecret(t, read(t, filepath.Join(dir, "secret.yaml")))
}

// checkSecret compares the Secret with the files that the manifests name.
func checkSecret(t *testing.T, text string) {
	t.Helper()
	var secret struct{ Data map[string]string }
	if err := yaml.Unmarshal([]byte(text), &secret); err != nil {
		t.Fatal(err)
	}
	manifest := read(t, root+"/deploy/kubernetes/inventory.yaml")
	if strings.Count(manifest, ": /secrets/") != len(secret.Data) {
		t.Errorf("the manifests mount other files than %d", len(secret.Data))
	}
	for name, value := range secret.Data {
		if value == "" || !strings.Contains(manifest, ": /secrets/"+name+"\n") {
			t.Errorf("no manifest reads %s, or it is empty", name)
		}
	}
}

// shell runs commands in a folder and returns what they print.
func shell(t *testing.T, dir, script string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", "-e", "-c", script)
	command.Dir = dir
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s%s", err, script, output, stderr.String())
	}
	return string(output)
}

// The tests that the guides call as witnesses exist.
func TestGuidesNameTests(t *testing.T) {
	declared := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return fs.SkipDir
		}
		if err == nil && strings.HasSuffix(path, "_test.go") {
			for _, m := range testFunction.FindAllStringSubmatch(read(t, path), -1) {
				declared[m[1]] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"deployment", "replicas"} {
		named := testName.FindAllStringSubmatch(read(t, root+"/docs/"+page+".md"), -1)
		if len(named) == 0 {
			t.Errorf("%s names no test", page)
		}
		for _, m := range named {
			if !declared[m[1]] {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
	}
}

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	testName     = regexp.MustCompile("`(Test[A-Z]\\w*)[`/]")
)
