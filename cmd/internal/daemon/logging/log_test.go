package logging_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/logging"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// written is what a log wrote.
type written struct{ pipelinetest.Buffer }

// lines returns what was written since the last call.
func (w *written) lines() []string { return strings.Split(strings.TrimSuffix(w.Take(), "\n"), "\n") }

func wantLines(t *testing.T, w *written, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.lines()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// In synctest's bubbles it is midnight on 1 January 2000.

func TestFormats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(written)
		log := logging.New(out, false)
		say := func() { log.Logger().With("pipeline", "edge").Warn("can't send", "error", errors.New("no route")) }
		say()
		log.Set(logging.JSON, slog.LevelInfo)
		say()
		log.Set(logging.Text, slog.LevelInfo)
		say()
		at := time.Now().Format("2006-01-02T15:04:05.000Z07:00")
		text := "time=" + at + ` level=WARN msg="can't send" pipeline=edge error="no route"`
		wantLines(t, out, text,
			`{"time":"`+time.Now().Format(time.RFC3339Nano)+`","level":"WARN","msg":"can't send","pipeline":"edge","error":"no route"}`,
			text)
	})
}

func TestJournal(t *testing.T) {
	out := new(written)
	log := logging.New(out, true)
	log.Set(logging.Text, slog.LevelDebug)
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		log.Logger().Log(t.Context(), level, "two\nlines")
	}
	log.Set(logging.JSON, slog.LevelDebug)
	log.Logger().Error("two\nlines")
	wantLines(t, out,
		`<7>level=DEBUG msg="two\nlines"`,
		`<6>level=INFO msg="two\nlines"`,
		`<4>level=WARN msg="two\nlines"`,
		`<3>level=ERROR msg="two\nlines"`,
		`<3>{"level":"ERROR","msg":"two\nlines"}`)
}

func TestLevels(t *testing.T) {
	out := new(written)
	log := logging.New(out, true)
	stage := log.Folded().With("stage", "s") // made before the level changes
	n := 0
	wantLevels := func(want ...string) {
		t.Helper()
		n++
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
			stage.Log(t.Context(), level, fmt.Sprint("message ", n))
		}
		text := strings.Join(out.lines(), "\n")
		for _, level := range []string{"DEBUG", "INFO", "WARN", "ERROR"} {
			if got := strings.Contains(text, level); got != strings.Contains(strings.Join(want, " "), level) {
				t.Errorf("step %d: level %s written: %v", n, level, got)
			}
		}
	}
	wantLevels("INFO", "WARN", "ERROR")
	log.Set(logging.Text, slog.LevelError)
	wantLevels("ERROR")
	log.ToggleDebug()
	wantLevels("DEBUG", "INFO", "WARN", "ERROR")
	log.Set(logging.JSON, slog.LevelError) // as before
	wantLevels("DEBUG", "INFO", "WARN", "ERROR")
	log.ToggleDebug()
	wantLevels("ERROR")
	log.ToggleDebug()
	log.Set(logging.JSON, slog.LevelWarn)
	wantLevels("WARN", "ERROR")
}

func TestFold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(written)
		log := logging.New(out, true)
		stage := log.Folded().With("stage", "s")
		for i := range 1000 {
			stage.Warn("can't send", "error", errors.New("no route"), "bytes", i)
		}
		stage.Warn("can't send", "error", errors.New("interface down"), "bytes", 1)
		stage.Error("can't send", "error", errors.New("no route"), "bytes", 2)
		log.Folded().Warn("can't send", "error", errors.New("no route"), "bytes", 3)
		stage.With("peer", "a").Warn("can't send", "error", errors.New("no route"), "bytes", 4)
		wantLines(t, out,
			`<4>level=WARN msg="can't send" stage=s error="no route" bytes=0`,
			`<4>level=WARN msg="can't send (repeated 999 times)" stage=s error="no route" bytes=999`,
			`<4>level=WARN msg="can't send" stage=s error="interface down" bytes=1`,
			`<3>level=ERROR msg="can't send" stage=s error="no route" bytes=2`,
			`<4>level=WARN msg="can't send" error="no route" bytes=3`,
			`<4>level=WARN msg="can't send" stage=s peer=a error="no route" bytes=4`)

		time.Sleep(9 * time.Second)
		stage.Warn("can't send", "error", errors.New("no route"), "bytes", 1000)
		time.Sleep(1100 * time.Millisecond)
		wantLines(t, out, `<4>level=WARN msg="can't send (repeated 1 time)" stage=s error="no route" bytes=1000`)

		stage.Warn("can't send", "error", errors.New("no route"), "bytes", 1001)
		stage.Warn("can't send", "error", errors.New("no route"), "bytes", 1002)
		time.Sleep(10 * time.Second)
		wantLines(t, out, `<4>level=WARN msg="can't send (repeated 2 times)" stage=s error="no route" bytes=1002`)

		// A quiet window, and it is news again.
		time.Sleep(11 * time.Second)
		stage.Warn("can't send", "error", errors.New("no route"), "bytes", 5)
		wantLines(t, out, `<4>level=WARN msg="can't send" stage=s error="no route" bytes=5`)
		log.Close()
	})
}

// TestFoldKeepsOrder has an interface that comes and goes: however often, the last line
// about it gives its last state, and no line comes after a newer one.
func TestFoldKeepsOrder(t *testing.T) {
	const down, up, gone = "interface is down", "interface is up again", "interface is gone"
	again := func(message string, n int) string { return fmt.Sprintf("%s (repeated %d time)", message, n) }
	for name, tc := range map[string]struct {
		said, want []string // a second apart; by the end of the log
	}{
		"up at last":          {[]string{down, up, down, up}, []string{down, up, again(down, 1), again(up, 1)}},
		"down at last":        {[]string{down, up, down}, []string{down, up, again(down, 1)}},
		"new state at last":   {[]string{down, up, down, up, gone}, []string{down, up, again(down, 1), again(up, 1), gone}},
		"an old state again":  {[]string{down, up, down, gone, up}, []string{down, up, again(down, 1), gone, again(up, 1)}},
		"first one last told": {[]string{down, up, gone, up, gone, down}, []string{down, up, gone, again(up, 1), again(gone, 1), again(down, 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			for end, finish := range map[string]func(*logging.Log){
				"window": func(*logging.Log) { time.Sleep(30 * time.Second) },
				"close":  func(log *logging.Log) { log.Close() },
				"too many": func(log *logging.Log) {
					for i := range 128 {
						log.Folded().With("other", i).Info("something else")
					}
				},
			} {
				synctest.Test(t, func(t *testing.T) {
					out := new(written)
					log := logging.New(out, true)
					stage := log.Folded().With("stage", "s")
					for _, message := range tc.said {
						stage.Info(message)
						time.Sleep(time.Second)
					}
					finish(log)
					got := slices.DeleteFunc(out.lines(), func(line string) bool { return strings.Contains(line, "something else") })
					for i := range got {
						_, got[i], _ = strings.Cut(strings.TrimSuffix(strings.ReplaceAll(got[i], `"`, ""), " stage=s"), "msg=")
					}
					if diff := cmp.Diff(tc.want, got); diff != "" {
						t.Errorf("lines by the end of the %s (-want +got):\n%s", end, diff)
					}
					log.Close()
				})
			}
		})
	}
}

// TestFoldStaysQuiet has two messages take turns: that they differ is nothing new.
func TestFoldStaysQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(written)
		log := logging.New(out, true)
		for range 10_000 { // in 10 s
			log.Folded().Warn("interface is down")
			log.Folded().Info("interface is up again")
			time.Sleep(time.Millisecond)
		}
		log.Close()
		if lines := out.lines(); len(lines) > 4 {
			t.Errorf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
		}
	})
}

func TestLoggerDoesNotFold(t *testing.T) {
	out := new(written)
	log := logging.New(out, true)
	for range 2 {
		log.Logger().Info("ready")
	}
	log.Close()
	wantLines(t, out, "<6>level=INFO msg=ready", "<6>level=INFO msg=ready")
}

func TestCloseTellsRepeats(t *testing.T) {
	out := new(written)
	log := logging.New(out, true)
	for range 3 {
		log.Folded().Info("again")
	}
	log.Close()
	log.Folded().Info("again")
	log.Close()
	wantLines(t, out, "<6>level=INFO msg=again", `<6>level=INFO msg="again (repeated 2 times)"`, "<6>level=INFO msg=again")
}

// TestManyMessages says so many different things that not all can be remembered.
func TestManyMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(written)
		log := logging.New(out, true)
		const n = 1000
		for i := range n {
			for range 3 {
				log.Folded().Info("message", "of", fmt.Sprint(i))
			}
			time.Sleep(time.Millisecond)
		}
		log.Close()
		lines := out.lines()
		first, rest := 0, 0
		for _, line := range lines {
			switch {
			case strings.Contains(line, "msg=message of="):
				first++
			case strings.Contains(line, `msg="message (repeated 2 times)"`):
				rest++
			}
		}
		if first != n || rest != n || len(lines) != 2*n {
			t.Errorf("%d messages and %d repeats on %d lines, want %d and %d", first, rest, len(lines), n, n)
		}
	})
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(_ *testing.T) {
	out := new(written)
	log := logging.New(out, false)
	var running sync.WaitGroup
	for i := range 4 {
		running.Go(func() {
			for j := range 300 {
				log.Folded().With("i", i).Warn("message", "of", fmt.Sprint(j))
				log.Set([]string{logging.Text, logging.JSON}[j%2], slog.LevelInfo)
				log.ToggleDebug()
			}
		})
	}
	running.Wait()
	log.Close()
}

// TestTerminal checks for readable lines without any control sequence.
func TestTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(written)
		log := logging.NewTerminal(out, true, 0)
		log.Set(logging.Text, slog.LevelDebug)
		l := log.Logger().With("pipeline", "edge")
		l.Info("ready", "took", 3*time.Millisecond)
		log.Logger().Info("stopping")
		l.WithGroup("g").Warn("can't send", "error", errors.New("no\nroute"), "level", slog.LevelError)
		l.Error("a message that is longer than its columns are", "msg", "x")
		l.Debug("odd \x1b[2J\r\n\u009b", "b", "\x1b[2J")
		at := time.Now().Local().Format("15:04:05.000")
		wantLines(t, out,
			at+` INFO  ready                          pipeline=edge took=3ms`,
			at+` INFO  stopping`,
			at+" \x1b[33mWARN \x1b[0m can't send                     pipeline=edge g.error=\"no\\nroute\" g.level=ERROR",
			at+" \x1b[31mERROR\x1b[0m a message that is longer than its columns are pipeline=edge msg=x",
			at+" \x1b[2mDEBUG\x1b[0m odd  [2J                       pipeline=edge b=\"\\x1b[2J\"",
		)
		log.Set(logging.JSON, slog.LevelInfo)
		log.Logger().Info("stopping")
		if line := out.lines()[0]; !strings.HasPrefix(line, "{") {
			t.Errorf("JSON was asked for: %s", line)
		}

		log = logging.NewTerminal(out, false, 80)
		log.Logger().Warn("can't send")
		log.Logger().Warn("can't send", "reason", "a reason that is as long as reasons are now and then", "n", 1)
		wantLines(t, out,
			at+` WARN  can't send`,
			at+` WARN  can't send                     reason="a reason that is as`,
			`                   long as reasons are now and then" n=1`)
	})
}
