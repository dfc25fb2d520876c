package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// list reads all pages of a repository's list.
func (c *Client) list(ctx context.Context, p *remote.Puller, repo name.Repository) ([]string, error) {
	lister, err := p.Lister(ctx, repo)
	if err != nil {
		return nil, err
	}
	pages := pages{client: c, followed: map[string]bool{}}
	for lister.HasNext() {
		page, err := lister.Next(ctx)
		if err != nil {
			return nil, err
		}
		if err := pages.add(page); err != nil {
			return nil, err
		}
	}
	if pages.dropped > 0 {
		c.config.Log.WarnContext(ctx, "leaving out tags that no image can have",
			"repository", repo.Name(), "count", pages.dropped, "first", printable(pages.sample))
	}
	slices.Sort(pages.tags)
	return slices.Clip(slices.Compact(pages.tags)), nil
}

// pages gathers a listing and ends one that goes round in circles or on for ever.
type pages struct {
	client   *Client
	tags     []string
	count    int
	followed map[string]bool // links to next pages
	dropped  int
	sample   string
}

func (p *pages) add(page *remote.Tags) error {
	p.count++
	for _, tag := range page.Tags {
		if !p.client.tag.MatchString(tag) {
			if p.dropped == 0 {
				p.sample = tag
			}
			p.dropped++
			continue
		}
		p.tags = append(p.tags, tag)
	}
	config := p.client.config
	switch {
	case len(p.tags) > config.MaxTags:
		return fmt.Errorf("%w: the list has more than %d tags", ErrBadAnswer, config.MaxTags)
	case page.Next == "":
		return nil
	case p.count >= config.MaxPages:
		return fmt.Errorf("%w: the list has more than %d pages", ErrBadAnswer, config.MaxPages)
	case p.followed[page.Next]:
		return fmt.Errorf("%w: page %d of the list links back to an earlier page", ErrBadAnswer, p.count)
	}
	p.followed[page.Next] = true
	return nil
}

func unauthorized(err error) bool {
	var answer *transport.Error
	if errors.As(err, &answer) {
		return answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden
	}
	return errors.Is(err, ErrUnauthorized)
}

func cancelledByOther(own context.Context, err error) bool {
	return own.Err() == nil && errors.Is(err, context.Canceled)
}
