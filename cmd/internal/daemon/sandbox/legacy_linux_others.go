//go:build arm64 || riscv64 || loong64

package sandbox

// legacyRules are about calls that later architectures than amd64 have not.
func legacyRules() []rule { return nil }
