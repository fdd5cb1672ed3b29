package kernels

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// included are the packages of a root directory: the kernel, what loads its modules, and
// the programs that tests compare pmtud with.
const included = "linux-image-amd64,kmod,iproute2,iptables,nftables,iputils-tracepath"

// What an image does without: most of the kernel's drivers, and documents.
var (
	excludedFiles = []string{
		"/lib/modules/*/kernel/drivers/*", "/usr/lib/modules/*/kernel/drivers/*", "/lib/modules/*/kernel/sound/*",
		"/usr/lib/modules/*/kernel/sound/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*",
	}
	includedFiles = []string{"/lib/modules/*/kernel/drivers/net/*", "/usr/lib/modules/*/kernel/drivers/net/*"}
	// The drivers of real cards, which path patterns of dpkg can't tell from the rest.
	droppedFolders = []string{"/drivers/net/ethernet/", "/drivers/net/wireless/", "/drivers/net/usb/", "/var/cache/", "/var/lib/apt/"}
)

// image is a kernel and the root directory that it starts with, as files.
type image struct{ kernel, root string }

// imageOf returns the image of a Debian release from the cache, or makes it.
func imageOf(ctx context.Context, release string, update bool) (image, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return image{}, fmt.Errorf("find the cache: %w", err)
	}
	folder := filepath.Join(cache, "pmtud-kernels", release)
	made := image{kernel: filepath.Join(folder, "vmlinuz"), root: filepath.Join(folder, "root.cpio")}
	// The kernel is the last file to be written.
	if _, err := os.Stat(made.kernel); err == nil && !update {
		return made, nil
	}
	_ = os.Remove(made.kernel) // or it is not there
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return image{}, fmt.Errorf("make cache: %w", err)
	}
	if err := makeImage(ctx, release, made); err != nil {
		return image{}, fmt.Errorf("make a root directory of %s: %w", release, err)
	}
	return made, nil
}

func makeImage(ctx context.Context, release string, into image) (err error) {
	options := []string{
		"--quiet", "--variant=essential", "--format=tar", "--include=" + included,
		`--aptopt=Acquire::Check-Valid-Until "false"`, // an old mirror will do
	}
	for _, pattern := range excludedFiles {
		options = append(options, "--dpkgopt=path-exclude="+pattern)
	}
	for _, pattern := range includedFiles {
		options = append(options, "--dpkgopt=path-include="+pattern)
	}
	mmdebstrap := exec.CommandContext(ctx, "mmdebstrap", append(options, release, "-")...)
	mmdebstrap.Env = append(os.Environ(), "INITRD=No") // for the kernel's package: no initramfs
	mmdebstrap.Stderr = os.Stderr
	archive, err := mmdebstrap.StdoutPipe()
	if err != nil {
		return err
	}
	if err := mmdebstrap.Start(); err != nil {
		return err
	}
	err = splitImage(archive, into)
	if err != nil {
		_ = mmdebstrap.Process.Kill() // it waits for a reader
	}
	return errors.Join(err, mmdebstrap.Wait())
}

// splitImage makes an image of a tar archive.
func splitImage(archive io.Reader, into image) error {
	file, err := os.Create(into.root)
	if err != nil {
		return err
	}
	defer file.Close()
	buffered := bufio.NewWriter(file)
	root := &cpio{w: buffered}
	var kernel []byte
	for tr := tar.NewReader(archive); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		name := path.Clean("/" + h.Name)
		if strings.HasPrefix(name, "/boot/vmlinuz-") {
			if kernel, err = io.ReadAll(tr); err != nil {
				return err
			}
		}
		if dropped(name) {
			continue
		}
		if err := root.addTar(h, tr); err != nil {
			return err
		}
	}
	if kernel == nil {
		return errors.New("no kernel in it")
	}
	if err := errors.Join(root.close(), buffered.Flush(), file.Close()); err != nil {
		return err
	}
	return os.WriteFile(into.kernel, kernel, 0o644)
}

func dropped(name string) bool {
	if strings.HasPrefix(name, "/boot/") {
		return true
	}
	for _, folder := range droppedFolders {
		if strings.Contains(name, folder) {
			return true
		}
	}
	return false
}
