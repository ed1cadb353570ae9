package deploytest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// build makes the program that the image and the units run, as the Dockerfile does.
func build(t *testing.T) string {
	t.Helper()
	command := regexp.MustCompile(`RUN (CGO_ENABLED=0) go build (-trimpath) (-ldflags=)"([^"]+)" -o /out/service \$PROGRAM`).FindStringSubmatch(read(t, "docker/Dockerfile"))
	if command == nil {
		t.Fatal("the Dockerfile does not build the service as expected")
	}
	path := filepath.Join(t.TempDir(), "inventory")
	c := exec.Command("go", "build", command[2], command[3]+command[4], "-o", path, "./examples/inventory")
	c.Dir, c.Env = root, append(os.Environ(), command[1])
	if output, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return path
}

// variable is what the list of -h begins a line with.
var variable = regexp.MustCompile(`(?m)^  ([A-Z][A-Z_]+) `)

// variables returns the names that the program's -h lists.
func variables(t *testing.T, program string) []string {
	t.Helper()
	output, err := exec.Command(program, "-h").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	var names []string
	for _, m := range variable.FindAllStringSubmatch(string(output), -1) {
		names = append(names, m[1])
	}
	if len(names) < 10 {
		t.Fatalf("-h lists only %v", names)
	}
	return names
}

// What is set for the service, by whatever runs it, is a variable that it reads.
func TestVariablesExist(t *testing.T) {
	known := variables(t, build(t))
	for _, file := range []string{"kubernetes/inventory.yaml", "docker/compose.yaml", "systemd/inventory.service", "docker/Dockerfile"} {
		set := settings(t, file)
		if len(set) == 0 {
			t.Errorf("%s sets nothing", file)
		}
		for _, name := range set {
			if !slices.Contains(known, name) {
				t.Errorf("%s sets %s, which the service does not read", file, name)
			}
		}
	}
}

// settings returns the variables that a file sets for the service.
func settings(t *testing.T, file string) []string {
	t.Helper()
	text := read(t, file)
	switch file {
	case "kubernetes/inventory.yaml":
		for _, doc := range documents(t, text) {
			if doc["kind"] == "ConfigMap" {
				return keys(doc["data"])
			}
		}
	case "docker/compose.yaml":
		return keys(documents(t, text)[0]["x-service"].(map[string]any)["environment"])
	}
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^(?:ENV |Environment=)([A-Z_]+)=`).FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

func keys(m any) []string {
	var names []string
	for name := range m.(map[string]any) {
		names = append(names, name)
	}
	return names
}

// documents decodes every document of a YAML stream.
func documents(t *testing.T, text string) []map[string]any {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var all []map[string]any
	for {
		var doc map[string]any
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, doc)
	}
}

// at walks into nested maps and lists.
func at(t *testing.T, value any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, ok := value.(map[string]any)
			if !ok || m[step] == nil {
				t.Fatalf("there is no %v in %v", path, value)
			}
			value = m[step]
		case int:
			value = value.([]any)[step]
		}
	}
	return value
}

// The manifests hold together: the parts select the same pods, the probes ask what
// the service serves, and a pod has time to drain.
func TestKubernetes(t *testing.T) {
	parts := map[string]map[string]any{}
	for _, doc := range documents(t, read(t, "kubernetes/inventory.yaml")) {
		parts[doc["kind"].(string)] = doc
	}
	labels := at(t, parts["Deployment"], "spec", "template", "metadata", "labels", "app")
	for what, got := range map[string]any{
		"Deployment":          at(t, parts["Deployment"], "spec", "selector", "matchLabels", "app"),
		"Service":             at(t, parts["Service"], "spec", "selector", "app"),
		"PodDisruptionBudget": at(t, parts["PodDisruptionBudget"], "spec", "selector", "matchLabels", "app"),
		"scaled":              at(t, parts["HorizontalPodAutoscaler"], "spec", "scaleTargetRef", "name"),
	} {
		if got != labels {
			t.Errorf("%s selects %v of %v", what, got, labels)
		}
	}
	container := at(t, parts["Deployment"], "spec", "template", "spec", "containers", 0)
	for probe, want := range map[string]string{"livenessProbe": "/health/live", "startupProbe": "/health/live", "readinessProbe": "/health"} {
		if got := at(t, container, probe, "httpGet", "path"); got != want {
			t.Errorf("%s asks %v", probe, got)
		}
	}
	grace, err := time.ParseDuration(at(t, parts["ConfigMap"], "data", "SHUTDOWN_GRACE").(string))
	if err != nil {
		t.Fatal(err)
	}
	const stopping = 5 * time.Second // what resources get to stop, after the drain
	needs := seconds(t, at(t, container, "lifecycle", "preStop", "sleep", "seconds")) + grace + stopping
	if has := seconds(t, at(t, parts["Deployment"], "spec", "template", "spec", "terminationGracePeriodSeconds")); has < needs {
		t.Errorf("a pod is killed after %v, and may need %v", has, needs)
	}
}

func seconds(t *testing.T, value any) time.Duration {
	t.Helper()
	n, err := strconv.Atoi(fmt.Sprint(value))
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(n) * time.Second
}

// The units are what systemd takes, and the socket is the service's.
func TestSystemd(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("TANDEM_REQUIRE_SERVICES") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"inventory.socket", "inventory.service"} {
		text := read(t, "systemd/"+name)
		if name == "inventory.service" { // systemd-analyze looks for the program
			text = replace(t, text, "/usr/local/bin/inventory", "/bin/true")
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"inventory.socket", "inventory.service"} {
		output, err := exec.Command(analyze, "verify", "--man=no", filepath.Join(dir, name)).CombinedOutput()
		output = bytes.TrimSpace(output)
		if err != nil || bytes.Contains(output, []byte(dir)) {
			t.Errorf("%s: %v\n%s", name, err, output)
		}
	}
}

// The Compose file's proxy is the one that is tested, but for the names of the replicas.
func TestComposeCaddyfile(t *testing.T) {
	want := replace(t, read(t, "caddy/Caddyfile"), "127.0.0.1:8001 127.0.0.1:8002", "replica1:8000 replica2:8000")
	if read(t, "docker/Caddyfile") != want {
		t.Error("docker/Caddyfile is not caddy/Caddyfile with the replicas of compose.yaml")
	}
}
