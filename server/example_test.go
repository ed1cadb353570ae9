package server_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/server"
)

type greet struct {
	Name string `json:"name" minLength:"1"`
}

type greeting struct {
	Text string `json:"text"`
}

func newGreeter() *tandem.Service {
	svc := tandem.New("greeter", "1.0.0")
	svc.Logger = slog.New(slog.DiscardHandler)
	tandem.Register(svc, tandem.Operation{Name: "greet", Summary: "Greet somebody", Method: "GET", Path: "/greetings/{name}"},
		func(_ context.Context, in greet) (greeting, error) {
			return greeting{Text: "Hello, " + in.Name + "!"}, nil
		})
	return svc
}

// A service hangs below any path of a program's own router.
func ExampleServer_Handler() {
	s, err := server.New(newGreeter(), server.Config{BasePath: "/greeter"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := s.Start(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	defer s.Stop()
	mux := http.NewServeMux()
	mux.Handle("/greeter/", s.Handler())
	outer := httptest.NewServer(mux)
	defer outer.Close()

	response, err := outer.Client().Get(outer.URL + "/greeter/api/v1/greetings/Ada")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Println(response.StatusCode, string(body))
	// Output: 200 {"text":"Hello, Ada!"}
}

// Beyond loopback a service needs credentials, and says so before it listens.
func ExampleNew() {
	_, err := server.New(newGreeter(), server.Config{Addr: "0.0.0.0:8000"})
	fmt.Println(err)
	// Output: server: listening on 0.0.0.0:8000, beyond loopback, needs credentials: set API_KEYS_FILE (Config.APIKeysFile), AUTH_ISSUER (Config.Auth) or API_KEYS (Config.APIKeys), or INSECURE_NO_AUTH=1 (Config.InsecureNoAuth) to let everybody in
}

// Middleware of a program's own goes around a door, inside of credentials.
func ExampleConfig_middleware() {
	tell := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Caller", tandem.PrincipalFrom(r.Context()).Issuer)
			next.ServeHTTP(w, r)
		})
	}
	s, err := server.New(newGreeter(), server.Config{
		APIKeys:    []tandem.Secret{"secret-key-0123456789"},
		Middleware: map[string][]func(http.Handler) http.Handler{"/api": {tell}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Stop()
	for _, token := range []string{"secret-key-0123456789", "guess"} {
		r := httptest.NewRequest("GET", "http://localhost/api/v1/greetings/Ada", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		fmt.Printf("%d %q\n", w.Code, w.Header().Get("X-Caller"))
	}
	// Output:
	// 200 "api-key"
	// 401 ""
}
