package doctest

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

const readmeAddress = "127.0.0.1:8000"

// The README's curl as a program and its curl as an agent run as they stand
// there, against the service that its first command runs, with the same answer.
func TestReadmeCommandsGiveTheSameAnswer(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	shell := blocksOf(t, root+"/README.md", "sh")
	if len(shell) != 3 {
		t.Fatalf("the README has %d blocks of shell; the test knows 3", len(shell))
	}
	target, ok := strings.CutPrefix(strings.SplitN(shell[0], "\n", 2)[0], "go run ")
	if !ok {
		t.Fatalf("the first command is not go run: %s", shell[0])
	}
	address := serve(t, target)
	asProgram := run(t, strings.ReplaceAll(shell[1], readmeAddress, address))
	asAgent := run(t, strings.ReplaceAll(shell[2], readmeAddress, address))
	var answer struct {
		Result struct {
			StructuredContent json.RawMessage
		}
	}
	if err := json.Unmarshal(asAgent, &answer); err != nil {
		t.Fatalf("the agent's answer: %v: %s", err, asAgent)
	}
	if !sameJSON(t, asProgram, answer.Result.StructuredContent) {
		t.Errorf("the answers differ\nprogram: %s\nagent:   %s", asProgram, asAgent)
	}
}

// The guides' programs start as the guides say.
func TestGuidesCommandsStart(t *testing.T) {
	command := regexp.MustCompile(`(?m)^go run (\./\S+)$`)
	found := 0
	for _, page := range pages(t) {
		for _, block := range blocksOf(t, page, "sh") {
			for _, m := range command.FindAllStringSubmatch(block, -1) {
				found++
				serve(t, m[1])
			}
		}
	}
	if found < 2 {
		t.Errorf("only %d commands were found", found)
	}
}

// The README's configuration table names every variable that the server's help
// names, and no other one of the server.
func TestReadmeNamesEveryVariable(t *testing.T) {
	help, err := exec.CommandContext(t.Context(), build(t, "./examples/hello"), "-h").CombinedOutput()
	if err != nil {
		t.Fatalf("-h: %v\n%s", err, help)
	}
	readme := read(t, root+"/README.md")
	for _, name := range regexp.MustCompile(`(?m)^\s+([A-Z][A-Z_]+)\b`).FindAllStringSubmatch(string(help), -1) {
		if !strings.Contains(readme, "`"+name[1]+"`") && !strings.HasPrefix(name[1], "OTEL_") {
			t.Errorf("the README does not name %s", name[1])
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)`").FindAllStringSubmatch(readme, -1) {
		if !strings.Contains(string(help), m[1]) {
			t.Errorf("the README names %s, which -h does not", m[1])
		}
	}
}

// build compiles a command of this module.
func build(t *testing.T, target string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), filepath.Base(target))
	command := exec.CommandContext(t.Context(), "go", "build", "-o", binary, target)
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", target, err, output)
	}
	return binary
}

// serve runs a service of this module on a free port in a folder of its own and
// returns its address.
func serve(t *testing.T, target string) string {
	t.Helper()
	address := freeAddress(t)
	command := exec.Command(build(t, target))
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), "ADDR="+address)
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	logged := make(chan string, 1)
	go func() {
		var all strings.Builder
		_, copyErr := io.Copy(&all, bufio.NewReader(log))
		logged <- all.String() + errorText(copyErr)
	}()
	t.Cleanup(func() {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("stop %s: %v", target, err)
		}
		text := <-logged
		if err := command.Wait(); err != nil {
			t.Errorf("%s ended: %v\n%s", target, err, text)
		}
	})
	waitHealthy(t, address)
	return address
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func waitHealthy(t *testing.T, address string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		resp, err := http.Get("http://" + address + "/health")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the service is not healthy: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func run(t *testing.T, script string) []byte {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "sh", "-e", "-c", script).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, script)
	}
	return output
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatalf("%v: %s", err, a)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return reflect.DeepEqual(x, y)
}
