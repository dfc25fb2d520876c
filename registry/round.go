package registry

import (
	"context"
	"errors"

	"github.com/google/go-containerregistry/pkg/name"
)

// Round asks each question at most once and gives all who ask it the same
// answer, errors included: within one round of the bot nothing is gained by
// asking again, and a registry in trouble isn't asked by each policy in turn.
// It is for one round, and then to be dropped; nothing in it ages.
type Round struct {
	client  *Client
	tags    memo[string, []string]
	digests memo[[2]string, string]
	// What is asked about a digest, by repository and digest.
	descriptions memo[[2]string, Description]
	referrers    memo[[3]string, []Referrer]
}

// Round begins a round. It shares the Client's budget and connections.
func (c *Client) Round() *Round {
	return &Round{client: c}
}

// Tags is Client.Tags, asked once. The slice is shared: callers only read it.
// "nginx" and "docker.io/library/nginx" are one repository.
func (r *Round) Tags(ctx context.Context, repository string) ([]string, error) {
	repo, err := r.client.parse(repository)
	if err != nil {
		return nil, failure(ctx, opTags, repository, err)
	}
	tags, err := r.tags.get(ctx, repo.Name(), func() ([]string, error) {
		return r.client.tags(ctx, repo, repository)
	})
	return tags, typed(ctx, opTags, repository, err)
}

// Digest is Client.Digest, asked once.
func (r *Round) Digest(ctx context.Context, repository, tag string) (string, error) {
	key := [2]string{repository, tag}
	if repo, err := name.NewRepository(repository); err == nil {
		key[0] = repo.Name()
	}
	digest, err := r.digests.get(ctx, key, func() (string, error) {
		return r.client.Digest(ctx, repository, tag)
	})
	return digest, typed(ctx, opDigest, repository+":"+tag, err)
}

// typed makes an *Error of what ended a wait for another caller's answer.
func typed(ctx context.Context, op, repository string, err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return failure(ctx, op, repository, err)
}
