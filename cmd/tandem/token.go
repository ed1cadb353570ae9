package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	tokenVariable = "TANDEM_TOKEN"
	maxToken      = 1 << 20 // bytes
)

// readToken reads a token from a file, from stdin ("-") or, without a name, from
// the environment. It is not an argument, which every process can see.
func readToken(env *environment, name string) (string, error) {
	var text []byte
	var err error
	switch name {
	case "":
		value, _ := env.lookup(tokenVariable)
		text = []byte(value)
	case "-":
		text, err = readAtMost(env.stdin, maxToken)
	default:
		text, err = readFileAtMost(name, maxToken)
	}
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	switch {
	case token == "" && name == "":
		return "", usageErrorf("there is no token: give it by --token-file FILE, by --token-file - on stdin, or in $%s", tokenVariable)
	case token == "":
		return "", usageErrorf("the token is empty")
	case strings.ContainsAny(token, " \t\r\n"):
		return "", usageErrorf("the token has spaces in it: give it alone, without Bearer before it")
	}
	return token, nil
}

func readFileAtMost(name string, most int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := readAtMost(file, most)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return text, err
}

func readAtMost(r io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("it has more than %d bytes", most)
	}
	return text, err
}
