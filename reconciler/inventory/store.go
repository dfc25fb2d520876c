package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// Label carries the UID of the owning Sync on every ConfigMap of its inventory.
const Label = "towline.dev/inventory-of"

// ErrCorrupt is in the chain of every error that says that an inventory is there but can't be trusted. Who gets it must
// not prune.
var ErrCorrupt = errors.New("inventory is damaged")

// Store keeps one Sync's inventory in ConfigMaps that the Sync owns, so that they go when it goes.
//
// The head ConfigMap holds the list itself as long as it fits, and else the names and sums of chunks. Chunks are named
// by their content and never changed: a save writes the new chunks, then switches the head over in one conditional
// update, then deletes the chunks that nothing names any longer. Whoever reads at any moment between sees either the
// old inventory whole or the new one whole.
//
// A Store isn't safe for use by several goroutines: one Sync is reconciled by one at a time.
type Store struct {
	configMaps corev1client.ConfigMapInterface
	name       string
	owner      metav1.OwnerReference
	known      *corev1.ConfigMap // the head as last read or written, without the objects; nil before
	litter     bool              // there may be chunks that no head names
}

// NewStore returns the store of the Sync that owner names, which stands in the namespace of configMaps. It asks nothing
// of the cluster yet. The client must not read from a cache: a stale inventory is a short one.
func NewStore(configMaps corev1client.ConfigMapInterface, owner metav1.OwnerReference) *Store {
	return &Store{configMaps: configMaps, name: headName(owner.Name), owner: owner}
}

// Load returns the inventory, sorted; an empty one where none was saved yet. It returns all of it or an error, which
// wraps [ErrCorrupt] where what is stored doesn't add up. What a reconciler of the first format saved is read too, as
// items of which only the name is known.
func (s *Store) Load(ctx context.Context) ([]Item, error) {
	head, err := s.configMaps.Get(ctx, s.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, s.refuseHeadless(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("reading inventory %q: %w", s.name, err)
	}
	items, err := s.read(ctx, head)
	if err != nil {
		return nil, fmt.Errorf("reading inventory %q: %w", s.name, err)
	}
	s.keep(head)
	return items, nil
}

// keep remembers the head, but not the objects: they may be most of a megabyte.
func (s *Store) keep(head *corev1.ConfigMap) {
	s.known = &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{ResourceVersion: head.ResourceVersion, OwnerReferences: head.OwnerReferences},
		Data:       map[string]string{indexKey: head.Data[indexKey]},
	}
}

// refuseHeadless tells a Sync that never saved an inventory from one whose head was deleted by hand: chunks outlive it,
// and no chunk is written before there is a head. The head of an earlier Sync of the same name, which was still there at
// the last look, is the garbage collector's to delete.
func (s *Store) refuseHeadless(ctx context.Context) error {
	if s.known != nil && !ownedBy(s.known, s.owner) {
		s.known = nil
	}
	if s.known != nil {
		return fmt.Errorf("reading inventory %q: %w: its head is gone", s.name, ErrCorrupt)
	}
	chunks, err := s.chunks(ctx)
	if err != nil {
		return err
	}
	for _, chunk := range chunks {
		if chunk.Annotations[headAnnotation] != "" {
			return fmt.Errorf("reading inventory %q: %w: its head is gone while chunk %q is there", s.name, ErrCorrupt, chunk.Name)
		}
	}
	return nil
}

func (s *Store) read(ctx context.Context, head *corev1.ConfigMap) ([]Item, error) {
	index, err := decodeIndex(head)
	if err != nil {
		return nil, err
	}
	if len(index.Chunks) == 0 {
		return index.join([]string{head.Data[objectsKey]})
	}
	texts := make([]string, 0, len(index.Chunks))
	for _, name := range index.Chunks {
		chunk, err := s.configMaps.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("%w: chunk %q is gone", ErrCorrupt, name)
		}
		if err != nil {
			return nil, fmt.Errorf("reading chunk %q: %w", name, err)
		}
		texts = append(texts, chunk.Data[objectsKey])
	}
	return index.join(texts)
}

// Save replaces the inventory by items. It writes nothing where the same is stored already, as far as the last Load or
// Save of this Store knows, and of a long one only the chunks that differ. Another writer's change since then is a
// conflict error, and nothing is lost.
func (s *Store) Save(ctx context.Context, items []Item) error {
	texts := encode(sortedItems(append([]Item(nil), items...)))
	head := s.newHead(texts)
	if s.known != nil && head.Data[indexKey] == s.known.Data[indexKey] && ownedBy(s.known, s.owner) {
		return nil
	}
	stored := s.storedChunks()
	if len(texts) > 1 {
		if s.known == nil {
			if err := s.writeHead(ctx, s.newHead(encode(nil))); err != nil {
				return fmt.Errorf("writing inventory %q: %w", s.name, err)
			}
		}
		for _, text := range texts {
			if stored[s.chunkName(text)] {
				continue
			}
			if err := s.writeChunk(ctx, text); err != nil {
				return fmt.Errorf("writing inventory %q: %w", s.name, err)
			}
		}
	}
	s.litter = s.litter || len(texts) > 1 || len(stored) > 0
	if err := s.writeHead(ctx, head); err != nil {
		return fmt.Errorf("writing inventory %q: %w", s.name, err)
	}
	if !s.litter {
		return nil
	}
	return s.sweep(ctx)
}

// storedChunks returns the names of the chunks that needn't be written again. Those of an earlier Sync's inventory must
// be: they would go with it.
func (s *Store) storedChunks() map[string]bool {
	if s.known == nil || !ownedBy(s.known, s.owner) {
		return nil
	}
	contents, err := decodeIndex(s.known)
	if err != nil {
		return nil
	}
	stored := make(map[string]bool, len(contents.Chunks))
	for _, name := range contents.Chunks {
		stored[name] = true
	}
	return stored
}

func (s *Store) writeHead(ctx context.Context, head *corev1.ConfigMap) error {
	var written *corev1.ConfigMap
	var err error
	if s.known == nil {
		written, err = s.configMaps.Create(ctx, head, metav1.CreateOptions{FieldManager: fieldManager})
	} else {
		head.ResourceVersion = s.known.ResourceVersion
		written, err = s.configMaps.Update(ctx, head, metav1.UpdateOptions{FieldManager: fieldManager})
	}
	if err != nil {
		return err
	}
	s.keep(written)
	return nil
}

func (s *Store) writeChunk(ctx context.Context, text string) error {
	chunk := s.configMap(s.chunkName(text), map[string]string{objectsKey: text})
	chunk.Annotations = map[string]string{headAnnotation: s.name}
	_, err := s.configMaps.Create(ctx, chunk, metav1.CreateOptions{FieldManager: fieldManager})
	if apierrors.IsAlreadyExists(err) {
		// The name is the content's sum, so this writes what stands there, or mends what someone changed.
		_, err = s.configMaps.Update(ctx, chunk, metav1.UpdateOptions{FieldManager: fieldManager})
	}
	if err != nil {
		return fmt.Errorf("writing chunk %q: %w", chunk.Name, err)
	}
	return nil
}

// sweep deletes the chunks that the head doesn't name, those of saves that were cut off included.
func (s *Store) sweep(ctx context.Context) error {
	index, err := decodeIndex(s.known)
	if err != nil {
		return err
	}
	named := make(map[string]bool, len(index.Chunks))
	for _, name := range index.Chunks {
		named[name] = true
	}
	chunks, err := s.chunks(ctx)
	if err != nil {
		return err
	}
	for _, chunk := range chunks {
		if named[chunk.Name] || chunk.Annotations[headAnnotation] != s.name {
			continue
		}
		if err := s.configMaps.Delete(ctx, chunk.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("deleting chunk %q of inventory %q: %w", chunk.Name, s.name, err)
		}
	}
	s.litter = false
	return nil
}

func (s *Store) chunks(ctx context.Context) ([]corev1.ConfigMap, error) {
	list, err := s.configMaps.List(ctx, metav1.ListOptions{LabelSelector: Label + "=" + string(s.owner.UID)})
	if err != nil {
		return nil, fmt.Errorf("listing chunks of inventory %q: %w", s.name, err)
	}
	return list.Items, nil
}

func (s *Store) configMap(name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Name:            name,
			Labels:          map[string]string{Label: string(s.owner.UID), "app.kubernetes.io/managed-by": fieldManager},
			OwnerReferences: []metav1.OwnerReference{s.owner},
		},
		Data: data,
	}
}

func ownedBy(head *corev1.ConfigMap, owner metav1.OwnerReference) bool {
	for _, reference := range head.OwnerReferences {
		if reference.UID == owner.UID {
			return true
		}
	}
	return false
}

// headName keeps the Sync's name readable, and within the 253 characters that a name may have with a chunk's sum added.
func headName(sync string) string {
	const longest = 190
	if len(sync) > longest {
		sync = strings.TrimRight(sync[:longest], ".-") + "-" + sum(sync)[:sumLength]
	}
	return "towline-inventory-" + sync
}
