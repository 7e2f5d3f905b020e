package main

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"teamspro/internal/contact"
)

// sqlite searches with FTS5 as one would set it up for a search while typing: words with their beginnings first, and
// what that leaves open from trigrams, which find any piece of three letters or more.
type sqlite struct {
	db            *sql.DB
	words, pieces *sql.Stmt
}

const ftsSchema = `
	PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA mmap_size = 1073741824;
	CREATE VIRTUAL TABLE words USING fts5(name, email, dial, company, other, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3 4');
	CREATE VIRTUAL TABLE pieces USING fts5(name, email, dial, tokenize = "trigram remove_diacritics 1");`

const (
	ftsWords  = `SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, 10, 5, 5, 2, 1) LIMIT 25`
	ftsPieces = `SELECT rowid FROM pieces WHERE pieces MATCH ? ORDER BY bm25(pieces, 10, 5, 5) LIMIT 25`
)

func newSQLite(ctx context.Context, path string, people []contact.Contact) (engine, error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s := &sqlite{db: db}
	if err := s.fill(ctx, people); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	var errWords, errPieces error
	s.words, errWords = db.PrepareContext(ctx, ftsWords)
	s.pieces, errPieces = db.PrepareContext(ctx, ftsPieces)
	return s, errors.Join(errWords, errPieces)
}

func (s *sqlite) fill(ctx context.Context, people []contact.Contact) error {
	if _, err := s.db.ExecContext(ctx, ftsSchema); err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing is left to undo after the commit
	for i, c := range people {
		name, dial := withPlain(c.Name), strings.TrimPrefix(c.Phones[0].E164, "+")
		_, errWords := tx.ExecContext(ctx, `INSERT INTO words(rowid, name, email, dial, company, other) VALUES (?, ?, ?, ?, ?, ?)`,
			i, name, c.Emails[0], dial, withPlain(c.Company), strings.Join([]string{c.Job, c.Department, c.Notes, c.Tags[0]}, " "))
		_, errPieces := tx.ExecContext(ctx, `INSERT INTO pieces(rowid, name, email, dial) VALUES (?, ?, ?, ?)`, i, name, c.Emails[0], dial)
		if err := errors.Join(errWords, errPieces); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO words(words) VALUES('optimize'); INSERT INTO pieces(pieces) VALUES('optimize')`)
	return err
}

// withPlain writes letters twice that SQLite's folding does not know (ł).
func withPlain(s string) string {
	if plain := folded(s); strings.Contains(strings.ToLower(s), "ł") {
		return s + " " + plain
	}
	return s
}

func (s *sqlite) name() string { return "SQLite FTS5" }
func (s *sqlite) close() error { return s.db.Close() }

func (s *sqlite) search(ctx context.Context, texts []string) (found [][]int, took []time.Duration, err error) {
	for _, text := range texts {
		start := time.Now()
		places, err := s.find(ctx, text)
		if err != nil {
			return found, took, err
		}
		took, found = append(took, time.Since(start)), append(found, places)
	}
	return found, took, nil
}

func (s *sqlite) find(ctx context.Context, text string) ([]int, error) {
	var begins, within []string
	for word := range strings.FieldsSeq(text) {
		quoted := `"` + strings.ReplaceAll(word, `"`, `""`) + `"`
		begins, within = append(begins, quoted+"*"), append(within, quoted)
	}
	places, err := rows(ctx, s.words, strings.Join(begins, " "))
	if err != nil || len(places) > 0 {
		return places, err
	}
	return rows(ctx, s.pieces, strings.Join(within, " "))
}

func rows(ctx context.Context, query *sql.Stmt, match string) (places []int, err error) {
	found, err := query.QueryContext(ctx, match)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		var place int
		if err := found.Scan(&place); err != nil {
			return nil, err
		}
		places = append(places, place)
	}
	return places, found.Err()
}
