package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// open opens pipelines, all at the same time. It returns an [openError] for each that
// can't be opened.
func (s *Service) open(workers []*worker) error {
	for _, w := range workers {
		w.open(s.ends)
	}
	var errs []error
	for _, w := range workers {
		if err := w.awaitOpen(); err != nil {
			errs = append(errs, &openError{w.Name, err})
		}
	}
	return errors.Join(errs...)
}

// openError says why a pipeline can't be opened.
type openError struct {
	pipeline string
	err      error
}

func (e *openError) Error() string {
	return fmt.Sprintf("open pipeline %s: %v", e.pipeline, e.err)
}

func (e *openError) Unwrap() error { return e.err }

// logErrors logs each of the errors that err joins.
func (s *Service) logErrors(err error) {
	for _, err := range each(err) {
		var open *openError
		if errors.As(err, &open) {
			s.Log.Error("can't open pipeline", append([]any{"pipeline", open.pipeline, "error", open.err}, openHint(err)...)...)
			continue
		}
		s.Log.Error("can't run configuration", "error", err)
	}
}

// each returns the errors that err joins.
func each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// openHint returns what to do about a refusal of the kernel.
func openHint(err error) []any {
	if !errors.Is(err, syscall.EPERM) || strings.Contains(err.Error(), "CAP_") {
		return nil
	}
	return []any{"hint", "needs CAP_NET_RAW: run as root, or with that capability"}
}

// close ends pipelines and waits until they are closed, up to a timeout. It reports whether
// all of them are.
func (s *Service) close(workers []*worker) (all bool) {
	for _, w := range workers {
		w.cancel()
	}
	deadline, stop := context.WithTimeout(context.Background(), endTimeout)
	defer stop()
	all = true
	for _, w := range workers {
		if w.opening == nil || w.givenUp {
			continue // it was only built, or is closed already
		}
		select {
		case <-w.ended:
		case <-deadline.Done():
			if !w.hasEnded() {
				w.log.Error("pipeline does not stop; leaving it behind", "after", endTimeout)
				all = false
			}
		}
	}
	return all
}
