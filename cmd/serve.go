package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/pipeline"
)

// serve runs a configuration without mistakes until its sources end or ctx is
// done.
func (a *app) serve(ctx context.Context, f *config.File) error {
	began := time.Now()
	log := slog.New(slog.NewTextHandler(a.Stderr, nil))
	log.Info("starting", "version", version(), "pipelines", len(f.Pipelines))
	pipelines, err := a.build(f, log)
	if err != nil {
		return err
	}
	if cpu := f.Global.CPU; cpu != nil {
		if err := pinProcess(int(*cpu)); err != nil {
			log.Error("can't pin the process", "cpu", *cpu, "error", err)
			return errFailed
		}
		log.Info("process pinned", "cpu", *cpu)
	}
	if err := openAll(ctx, pipelines, log); err != nil {
		return err
	}
	log.Info("ready", "pipelines", len(pipelines), "took", time.Since(began).Round(time.Microsecond))
	return runAll(ctx, pipelines, log)
}

// build builds all pipelines.
func (a *app) build(f *config.File, log *slog.Logger) ([]*pipeline.Pipeline, error) {
	var pipelines []*pipeline.Pipeline
	var mistakes config.Mistakes
	for _, spec := range f.Specs() {
		spec.Log = log.With("pipeline", spec.Name)
		spec.Stdin, spec.Stdout = a.Stdin, a.Stdout
		p, err := pipeline.New(spec)
		if err != nil {
			mistakes = append(mistakes, f.Locate(spec.Name, err)...)
			continue
		}
		pipelines = append(pipelines, p)
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	return pipelines, nil
}

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// openAll opens all pipelines, or none: a daemon that starts with a part of what
// it was told to do would look healthy.
func openAll(ctx context.Context, pipelines []*pipeline.Pipeline, log *slog.Logger) error {
	var opened []*pipeline.Pipeline
	for _, p := range pipelines {
		if err := p.Open(ctx); err != nil {
			log.Error("can't open pipeline", append([]any{"pipeline", p.Name(), "error", err}, openHint(err)...)...)
			continue
		}
		opened = append(opened, p)
	}
	if len(opened) == len(pipelines) {
		return nil
	}
	for _, p := range opened {
		closePipeline(p, log)
	}
	if ctx.Err() != nil {
		return nil // a signal came first
	}
	return errFailed
}

// openHint returns what to do about a refusal of the kernel.
func openHint(err error) []any {
	if !errors.Is(err, syscall.EPERM) || strings.Contains(err.Error(), "CAP_") {
		return nil
	}
	return []any{"hint", "needs CAP_NET_RAW: run as root, or with that capability"}
}

// runAll runs all pipelines until each has ended. One that fails leaves the others
// alone.
func runAll(ctx context.Context, pipelines []*pipeline.Pipeline, log *slog.Logger) error {
	var running sync.WaitGroup
	books := make([]pipeline.Counters, len(pipelines))
	failed := make([]bool, len(pipelines))
	for i, p := range pipelines {
		running.Go(func() {
			err := p.Run(ctx)
			if err != nil {
				log.Error("pipeline failed", "pipeline", p.Name(), "error", err)
			}
			books[i] = p.Counters()
			failed[i] = !closePipeline(p, log) || err != nil
		})
	}
	await(ctx, &running, log)
	for _, b := range books {
		logCounters(log, b)
	}
	for i := range failed {
		if failed[i] {
			return fmt.Errorf("pipeline %s: %w", pipelines[i].Name(), errFailed)
		}
	}
	return nil
}

// await waits until all pipelines have ended, and logs when they are told to.
func await(ctx context.Context, running *sync.WaitGroup, log *slog.Logger) {
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	select {
	case <-ctx.Done():
		log.Info("stopping")
		<-ended
	case <-ended:
	}
}

func closePipeline(p *pipeline.Pipeline, log *slog.Logger) (ok bool) {
	err := p.Close()
	if err != nil {
		log.Error("can't close pipeline", "pipeline", p.Name(), "error", err)
	}
	return err == nil
}
