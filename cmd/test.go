package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/offline/output"
	"github.com/pmtud/pmtud/cmd/internal/offline/replaytest"
	"github.com/pmtud/pmtud/cmd/internal/offline/report"
	"github.com/pmtud/pmtud/cmd/internal/readable"
	"github.com/pmtud/pmtud/pipeline"
)

const testHelp = `Test replays captures and compares the results with what test files expect. In a
folder and those below it, it runs the files *_test.yaml, *_test.yml and
*_test.toml.

  tests:
    web ports only:
      config: edge.yaml          # or options: [--ports, "80,443"]
      pipeline: edge             # if several are declared
      capture: ptb.pcapng.zst    # or a list, replayed together
      expect:
        packets: 6               # in the capture
        forwarded: 2
        dropped:                 # all drops, by stage and reason
          port-list: {port-not-listed: 3}
        not_captured: {outgoing: 1} # what the source ignores
        sent: {broadcast: 2}     # all that is sent, by sink
        verdicts: web.jsonl      # as replay --verdicts writes them
        sent_file: web.pcap      # as replay --write writes it

Paths are relative to the test file; what is left out is not compared. The exit
status is 1 if a test failed, and 2 if a test file or a configuration is wrong
or there are no tests.`

// testOptions are the options of test, as they were written.
type testOptions struct {
	junit, report string
	update        bool
}

func (a *app) testCommand() *cobra.Command {
	var o testOptions
	c := &cobra.Command{
		Use:                   "test [--update] [--junit FILE] [--report FILE] FILE|DIR...",
		Short:                 "test configurations by replaying captures",
		Long:                  testHelp,
		Args:                  someOperands("FILE|DIR"),
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     completeFiles(configEndings...),
		RunE: func(c *cobra.Command, paths []string) error {
			return a.test(c.Context(), paths, &o)
		},
	}
	c.Flags().StringVar(&o.junit, "junit", "", "`FILE` to write the results to as JUnit XML; - for standard output")
	c.Flags().StringVar(&o.report, "report", "", "`FILE` to write an HTML page with charts of each test to; - for standard output")
	c.Flags().BoolVar(&o.update, "update", false, "rewrite golden files (verdicts, sent_file) that differ")
	return c
}

func (a *app) test(ctx context.Context, paths []string, o *testOptions) (err error) {
	runs, err := a.testRuns(ctx, paths)
	if err != nil {
		return err
	}
	outputs := output.Set{Stdout: a.Stdout, Inputs: paths}
	defer func() { err = errors.Join(err, a.failed(outputs.Close())) }()
	xml, err := outputs.Create("--junit", o.junit)
	if err != nil {
		return err
	}
	html, err := outputs.Create("--report", o.report)
	if err != nil {
		return err
	}
	var page *report.Page
	if html != nil {
		page = &report.Page{Program: a.UserAgent()}
	}
	text := a.Stdout
	if outputs.StdoutUsed() {
		text = a.Stderr
	}
	results, err := a.runTests(ctx, runs, o.update, columns.Folded(text, hanging), page)
	if xml != nil && err == nil {
		err = replaytest.WriteJUnit(xml, results)
	}
	if page != nil && err == nil {
		err = page.Write(html)
	}
	if err != nil {
		return a.failed(err)
	}
	for _, r := range results {
		if len(r.Failures) > 0 {
			return errFailed
		}
	}
	return nil
}

// testRun is a test with the pipeline that it is about.
type testRun struct {
	file string
	test *replaytest.Test
	spec pipeline.Spec
}

// testRuns reads all test files and the configurations that they name, before any
// test begins.
func (a *app) testRuns(ctx context.Context, paths []string) (runs []testRun, _ error) {
	files, err := replaytest.Find(paths)
	if err != nil {
		return nil, err
	}
	var mistakes config.Mistakes
	for _, path := range files {
		f, err := replaytest.Load(ctx, path)
		if m, ok := errors.AsType[config.Mistakes](err); ok {
			mistakes = append(mistakes, m...)
			continue
		}
		for i := range f.Tests {
			spec, err := a.testSpec(ctx, &f.Tests[i])
			if m, ok := errors.AsType[config.Mistakes](err); ok {
				mistakes = append(mistakes, m...)
			} else if err != nil {
				return nil, fmt.Errorf("%v: test %s: %w", f.Tests[i].At, f.Tests[i].Name, err)
			}
			runs = append(runs, testRun{path, &f.Tests[i], spec})
		}
	}
	switch {
	case len(mistakes) > 0:
		return nil, unique(mistakes)
	case len(runs) == 0:
		return nil, errors.New("there are no tests in these files")
	}
	return runs, nil
}

// unique leaves out what several tests of one configuration have in common.
func unique(mistakes config.Mistakes) (out config.Mistakes) {
	seen := map[config.Mistake]bool{}
	for _, m := range mistakes {
		if !seen[m] {
			out = append(out, m)
		}
		seen[m] = true
	}
	return out
}

// testSpec returns the pipeline that a test is about.
func (a *app) testSpec(ctx context.Context, t *replaytest.Test) (pipeline.Spec, error) {
	o := offline{paths: t.Config, pipeline: t.Pipeline, flags: pflag.NewFlagSet("", pflag.ContinueOnError)}
	o.originals(o.flags)
	var args []string
	for _, option := range t.Options {
		args = append(args, string(option))
	}
	args, err := normalize(o.flags, args)
	if err == nil {
		err = o.flags.Parse(args)
	}
	if err == nil && o.flags.NArg() > 0 {
		err = fmt.Errorf("%q is not an option", o.flags.Arg(0))
	}
	if err != nil {
		return pipeline.Spec{}, fmt.Errorf("options: %w", err)
	}
	return a.offlineSpec(ctx, &o)
}

// runTests runs tests one after another, prints their results, and adds them to a page
// unless that is nil.
func (a *app) runTests(ctx context.Context, runs []testRun, update bool, text io.Writer, page *report.Page) (results []replaytest.Result, _ error) {
	failed := 0
	for _, r := range runs {
		o := replaytest.Options{Update: update, Warn: a.warn}
		pictures := report.New()
		if page != nil {
			o.Observe = pictures.Add
		}
		result, err := replaytest.Run(ctx, r.file, r.test, r.spec, o)
		if err != nil {
			return nil, fmt.Errorf("%s: test %s: %w", r.file, r.test.Name, err)
		}
		if err := result.Print(text); err != nil {
			return nil, err
		}
		if page != nil {
			page.Add(pictures, report.About{
				Test: r.file + ": " + r.test.Name, Pipeline: r.spec.Name, Captures: r.test.Capture, Failures: result.Failures,
			}, result.Summary)
		}
		results = append(results, result)
		failed += min(1, len(result.Failures))
	}
	outcome := fmt.Sprintf("%s, %d failed", readable.Count(len(runs), "test"), failed)
	if page != nil {
		page.Title = outcome
	}
	_, err := fmt.Fprintln(text, outcome)
	return results, err
}
