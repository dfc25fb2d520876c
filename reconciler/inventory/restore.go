package inventory

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Restored is what [Store.Restore] gives.
type Restored struct {
	Items []Item
	// Loss says, for a person, what was wrong with what was stored; empty where nothing was. Then the items that the search
	// gave are Found, and the next Save makes the inventory whole.
	Loss string
}

// Restore is Load for a Sync that may have lost its inventory. Where what is stored is damaged, or nothing is stored
// although the Sync owns objects (its status tells), find searches for them by the set's label.
//
// A search can't tell an object that is owned from one that was let go and kept its label, so what it finds is marked as
// Found, and must not be deleted without consent. An error of the search is an error of Restore: a search that misses a kind
// gives a shorter list, and a shorter list would orphan objects for good.
func (s *Store) Restore(ctx context.Context, owns bool, find func(context.Context) ([]ObjectRef, error)) (Restored, error) {
	items, err := s.Load(ctx)
	switch {
	case errors.Is(err, ErrCorrupt):
	case err != nil:
		return Restored{}, err
	case s.known == nil && owns:
		err = fmt.Errorf("inventory %q is gone", s.name)
	default:
		return Restored{Items: items}, nil
	}
	loss := err.Error()
	refs, err := find(ctx)
	if err != nil {
		return Restored{}, fmt.Errorf("rebuilding the inventory (%s): %w", loss, err)
	}
	if err := s.giveUp(ctx); err != nil {
		return Restored{}, fmt.Errorf("rebuilding the inventory (%s): %w", loss, err)
	}
	items = Items(sorted(append([]ObjectRef(nil), refs...)))
	for i := range items {
		items[i].Found = true
	}
	return Restored{Items: items, Loss: loss}, nil
}

// giveUp lets the next Save replace whatever is stored, which may change in the meantime only by another writer.
func (s *Store) giveUp(ctx context.Context) error {
	s.known, s.litter = nil, true
	head, err := s.configMaps.Get(ctx, s.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading inventory %q: %w", s.name, err)
	}
	s.keep(head)
	s.known.Data[indexKey] = "" // equal to nothing
	return nil
}
