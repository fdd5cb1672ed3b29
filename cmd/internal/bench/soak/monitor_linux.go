package soak

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// get returns what the program answers, whatever its status.
func (p *program) get(h *host, path string) (status int, body string, err error) {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, // a connection is a descriptor of the program's
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return h.Host.Dial(ctx, network, "", addr)
		},
	}}
	answer, err := client.Get("http://127.0.0.1:9342" + path)
	if err != nil {
		return 0, "", fmt.Errorf("ask for %s: %w", path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// ready reports whether the program says that all is well.
func (p *program) ready(h *host) bool {
	status, _, err := p.get(h, "/readyz")
	return err == nil && status == http.StatusOK
}

// goroutines returns how many the program says that it has.
func (p *program) goroutines(h *host) (int, error) {
	_, text, err := p.get(h, "/metrics")
	if err != nil {
		return 0, err
	}
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		if value, ok := strings.CutPrefix(s.Text(), "go_goroutines "); ok {
			return strconv.Atoi(value)
		}
	}
	return 0, fmt.Errorf("no number of goroutines in\n%s", text)
}
