package kernels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// boot boots the image with the tests in a machine and returns their results. They may be
// fewer than the tests, and then there is an error too.
func boot(ctx context.Context, limit time.Duration, from image, tests string, log io.Writer) ([]result, error) {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	dir, err := os.MkdirTemp(filepath.Dir(tests), "machine-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	initrd, console := filepath.Join(dir, "initrd"), filepath.Join(dir, "console")
	if err := concatenate(initrd, from.root, tests); err != nil {
		return nil, fmt.Errorf("make the machine's root directory: %w", err)
	}
	// Emulation works everywhere; a /dev/kvm inside of another machine may not.
	qemu := exec.CommandContext(ctx, "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "4G",
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "file:"+console, "-serial", "stdio",
		"-kernel", from.kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1")
	var complaints strings.Builder
	qemu.Stderr = &complaints
	output, err := qemu.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := qemu.Start(); err != nil {
		return nil, err
	}
	results, err := readResults(output, log)
	if err = errors.Join(err, qemu.Wait(), context.Cause(ctx)); err == nil && len(results) == 0 {
		err = errors.New("the machine ended without a result")
	}
	if err != nil {
		said, _ := os.ReadFile(console)
		return results, fmt.Errorf("%w: %s\n%s", err, strings.TrimSpace(complaints.String()), shorten(string(said)))
	}
	return results, nil
}

// readResults reads results to the end of the stream.
func readResults(r io.Reader, log io.Writer) (results []result, err error) {
	for d := json.NewDecoder(r); ; {
		var next result
		if err := d.Decode(&next); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return results, err
		}
		results = append(results, next)
		fmt.Fprintf(log, "  %s: %s\n", next.Package, next.cell())
	}
}

func concatenate(to string, from ...string) error {
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	for _, name := range from {
		in, err := os.Open(name)
		if err != nil {
			return err
		}
		defer in.Close()
		if _, err := io.Copy(out, in); err != nil {
			return err
		}
	}
	return out.Close()
}
