package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
)

const (
	// answerTimeout is how long a daemon may take.
	answerTimeout = 10 * time.Second

	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 16 << 20

	// atOnce is how many daemons are asked at a time.
	atOnce = 32
)

// CheckAddress returns an error if an address is neither the path of a control socket nor the URL of a page.
func CheckAddress(address string) error {
	if !isURL(address) {
		if !filepath.IsAbs(address) {
			return fmt.Errorf("%q is neither the absolute path of a control socket nor a URL such as http://192.0.2.11:9342", address)
		}
		return nil
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" {
		return fmt.Errorf("%q is not a URL such as http://192.0.2.11:9342", address)
	}
	return nil
}

func isURL(address string) bool {
	return strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://")
}

// answer is what came from one address.
type answer struct {
	address string
	status  control.Status
	err     error
}

// ask asks all daemons, at the same time.
func ask(ctx context.Context, addresses []string) []answer {
	answers := make([]answer, len(addresses))
	slots := make(chan struct{}, atOnce)
	var asking sync.WaitGroup
	for i, address := range addresses {
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			answers[i].address = shown(address)
			answers[i].status, answers[i].err = statusAt(ctx, address)
		})
	}
	asking.Wait()
	return answers
}

// shown returns an address without its password.
func shown(address string) string {
	if u, err := url.Parse(address); err == nil && isURL(address) {
		return u.Redacted()
	}
	return address
}

func statusAt(ctx context.Context, address string) (s control.Status, err error) {
	if !isURL(address) {
		return control.Client{Path: address}.Status(ctx)
	}
	ctx, stop := context.WithTimeout(ctx, answerTimeout)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(address, "/")+"/api/status", nil)
	if err != nil {
		return s, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	got, err := client.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // the address is named beside it
		}
		return s, err
	}
	defer got.Body.Close()
	body := io.LimitReader(got.Body, maxAnswer)
	if got.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(body, 200)) // as much of it as comes
		return s, fmt.Errorf("%s: %s", got.Status, strings.Join(strings.Fields(string(text)), " "))
	}
	if err := json.NewDecoder(body).Decode(&s); err != nil {
		return s, fmt.Errorf("read answer: %w", err)
	}
	return s, nil
}
