package gitwriter_test

import (
	"context"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// Decorate is not built yet.
func (f *memoryForge) Decorate(context.Context, int, forge.Decoration) (forge.PullRequest, error) {
	return forge.PullRequest{}, forge.ErrUnsupported
}

// Comments is not built yet.
func (f *memoryForge) Comments(context.Context, int, time.Time) ([]forge.Comment, error) {
	return nil, forge.ErrUnsupported
}

// Permission is not built yet.
func (f *memoryForge) Permission(context.Context, string) (forge.Permission, error) {
	return 0, forge.ErrUnsupported
}

// Readiness is not built yet.
func (f *memoryForge) Readiness(context.Context, int) (forge.Readiness, error) {
	return forge.Readiness{}, forge.ErrUnsupported
}

// Merge is not built yet.
func (f *memoryForge) Merge(context.Context, int, forge.MergeRequest) (forge.PullRequest, error) {
	return forge.PullRequest{}, forge.ErrUnsupported
}

// Automerge is not built yet.
func (f *memoryForge) Automerge(context.Context, int, forge.MergeRequest) error {
	return forge.ErrUnsupported
}

// ListIssues is not built yet.
func (f *memoryForge) ListIssues(context.Context, string) ([]forge.Issue, error) {
	return nil, forge.ErrUnsupported
}

// Issue is not built yet.
func (f *memoryForge) Issue(context.Context, int) (forge.Issue, error) {
	return forge.Issue{}, forge.ErrUnsupported
}

// CreateIssue is not built yet.
func (f *memoryForge) CreateIssue(context.Context, forge.NewIssue) (forge.Issue, error) {
	return forge.Issue{}, forge.ErrUnsupported
}

// UpdateIssue is not built yet.
func (f *memoryForge) UpdateIssue(context.Context, int, forge.Change) (forge.Issue, error) {
	return forge.Issue{}, forge.ErrUnsupported
}

// Links is not built yet.
func (f *memoryForge) Links() forge.Links { return forge.Links{} }
