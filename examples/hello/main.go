package main

import (
	"context"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/server"
)

type Greet struct {
	Name string `json:"name" doc:"Who is greeted" minLength:"1" maxLength:"80" example:"Ada"`
}

type Greeting struct {
	Text string `json:"text" doc:"The greeting" example:"Hello, Ada!"`
}

func greet(_ context.Context, in Greet) (Greeting, error) {
	return Greeting{Text: "Hello, " + in.Name + "!"}, nil
}

func main() {
	svc := tandem.New("hello", "1.0.0")
	tandem.Register(svc, tandem.Operation{Name: "greet", Summary: "Greet somebody", Method: "GET", Path: "/greetings/{name}"}, greet)
	server.Main(svc)
}
