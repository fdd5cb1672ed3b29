package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control/screen"
)

const topHelp = `Top shows live what the running daemon does: rates, why packets are dropped, and
the heaviest routers, clients (their /24 or /56), targets and next-hop MTUs.
Press h for the keys.

The lists cover the last 30 to 60 seconds. They come from a sketch of fixed size
(Space-Saving): the count shown for a key is never too high, but may be too low
by about 1/1024 of all packets, or 1/256 for targets and MTUs. Above 100 packets
per second the lists are made from a sample, which grows while somebody looks:
shares are accurate to about 3% of all packets at first, and to 1% half a minute
later. Packets that the kernel refuses in a flood are in no list.

With --once it prints one frame and exits; with --format json, all its figures.`

const topExample = `  pmtud top
  pmtud top --once`

// topKeys is how many keys of each list are asked for.
const topKeys = 50

// topEvery is how often the daemon is asked.
const topEvery = time.Second

func (a *app) topCommand() *cobra.Command {
	var client control.Client
	var format *choice
	var once bool
	c := &cobra.Command{
		Use:                   "top",
		Short:                 "show live what the running daemon does",
		Long:                  topHelp,
		Example:               topExample,
		Args:                  noOperands,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, _ []string) error {
			if once {
				return a.topOnce(c.Context(), client, format.value)
			}
			if format.value != "text" {
				return errors.New("--format json needs --once")
			}
			return a.topLive(c.Context(), client)
		},
	}
	c.Flags().BoolVar(&once, "once", false, "print one frame and exit")
	a.addControlFlag(c, &client)
	format = addFormatFlag(c, "text", "json")
	return c
}

func (a *app) topOnce(ctx context.Context, client control.Client, format string) error {
	f, err := client.Frame(ctx, topKeys)
	if err != nil {
		return a.failed(err)
	}
	if format == "json" {
		return printJSON(a.Stdout, f)
	}
	view := screen.View{Columns: columns.Width, Rows: 24}
	if out, ok := a.Stdout.(*os.File); ok {
		if columns, rows, err := term.GetSize(int(out.Fd())); err == nil {
			view.Columns, view.Rows = columns, rows
		}
	}
	frame := screen.Frame(f, view)
	frame = frame[:len(frame)-1] // there are no keys to press
	_, err = fmt.Fprintln(a.Stdout, strings.TrimRight(strings.Join(frame, "\n"), "\n"))
	return err
}

// Commands to a terminal (ECMA-48; those with ? are xterm's).
const (
	enterScreen = "\x1b[?1049h\x1b[?25l" // another screen, without a cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	home        = "\x1b[H"
	endLine     = "\x1b[K\r\n"
	endScreen   = "\x1b[K\x1b[J"
	bold        = "\x1b[1m"
	plain       = "\x1b[0m"
)

// topLive draws frames until somebody quits.
func (a *app) topLive(ctx context.Context, client control.Client) error {
	in, inOK := a.Stdin.(*os.File)
	out, outOK := a.Stdout.(*os.File)
	if !inOK || !outOK || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return errors.New("top needs a terminal; use --once")
	}
	t := &top{client: client, out: out}
	var err error
	if t.frame, err = client.Frame(ctx, topKeys); err != nil {
		return a.failed(err)
	}
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return a.failed(fmt.Errorf("set up terminal: %w", err))
	}
	defer func() { _ = term.Restore(int(in.Fd()), before) }() // nothing else could be done
	fmt.Fprint(out, enterScreen)
	defer fmt.Fprint(out, leaveScreen)
	pressed := make(chan byte)
	go readKeys(in, pressed) // ends with the process: nothing ends a read from a terminal
	resized, stop := notifyResize()
	defer stop()
	return t.run(ctx, pressed, resized)
}

func readKeys(in *os.File, pressed chan<- byte) {
	defer close(pressed)
	for key := make([]byte, 1); ; {
		if n, err := in.Read(key); err != nil || n == 0 {
			return
		}
		pressed <- key[0]
	}
}

// top is a live display.
type top struct {
	client control.Client
	out    *os.File
	view   screen.View
	frame  control.Frame
}

func (t *top) run(ctx context.Context, pressed <-chan byte, resized <-chan os.Signal) error {
	turn := time.NewTicker(topEvery)
	defer turn.Stop()
	for {
		if err := t.draw(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-resized:
		case <-turn.C:
			t.refresh(ctx)
		case key, open := <-pressed:
			if !open || !t.press(key) {
				return nil
			}
		}
	}
}

// refresh asks for a new frame. When there is none the old one stays, with the reason.
func (t *top) refresh(ctx context.Context) {
	if t.view.Paused {
		return
	}
	f, err := t.client.Frame(ctx, topKeys)
	if err != nil {
		t.view.Trouble = err.Error()
		return
	}
	t.frame, t.view.Trouble = f, ""
}

// Keys that have no letter.
const (
	ctrlC = 3
	tab   = '\t'
)

// press does what a key says, and reports whether to go on.
func (t *top) press(key byte) bool {
	switch {
	case key == 'q' || key == 'Q' || key == ctrlC:
		return false
	case key == tab || key == 'n':
		t.view.Pipeline++
	case key >= '0' && key <= '4':
		t.view.Only = int(key - '0')
	case key == ' ':
		t.view.Paused = !t.view.Paused
	case key == 'h' || key == '?':
		t.view.Help = !t.view.Help
	}
	return true
}

// draw writes a frame over the one before, at once so that nothing flickers.
func (t *top) draw() error {
	var err error
	if t.view.Columns, t.view.Rows, err = term.GetSize(int(t.out.Fd())); err != nil {
		return fmt.Errorf("size of the terminal: %w", err)
	}
	lines := screen.Frame(t.frame, t.view)
	lines = lines[:min(len(lines), t.view.Rows)] // none on a serial line that knows no size
	if os.Getenv("NO_COLOR") == "" && len(lines) > 0 {
		lines[0] = bold + lines[0] + plain
	}
	_, err = t.out.WriteString(home + strings.Join(lines, endLine) + endScreen)
	return err
}
