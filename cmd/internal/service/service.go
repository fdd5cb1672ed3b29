package service

import "sync"

// Service runs pipelines.
type Service struct {
	mu     sync.Mutex
	status Status
}
