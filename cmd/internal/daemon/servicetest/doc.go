// Package servicetest has pipelines that run, and do what a test wants, for tests of
// what looks at a service.
package servicetest
