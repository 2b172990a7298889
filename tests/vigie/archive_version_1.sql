CREATE TABLE about ( "key" VARCHAR NOT NULL, value VARCHAR NOT NULL, PRIMARY KEY ("key") );
CREATE TABLE articles ( id VARCHAR NOT NULL, source VARCHAR NOT NULL, revision INTEGER NOT NULL, published FLOAT, first_seen FLOAT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (id) );
CREATE TABLE changes ( seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, article VARCHAR NOT NULL );
CREATE TABLE cursors ( "index" VARCHAR NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY ("index") );
CREATE TABLE fetches ( id INTEGER NOT NULL, worker VARCHAR NOT NULL, url VARCHAR NOT NULL, source VARCHAR NOT NULL, kind VARCHAR NOT NULL, outcome VARCHAR NOT NULL, status INTEGER, bytes INTEGER NOT NULL, at FLOAT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (id) );
CREATE TABLE frontier ( url VARCHAR NOT NULL, source VARCHAR NOT NULL, kind VARCHAR NOT NULL, next_try FLOAT, attempts INTEGER NOT NULL, lease VARCHAR, outcome VARCHAR, discovered FLOAT NOT NULL, fetched FLOAT, etag VARCHAR, modified VARCHAR, interval FLOAT, parent VARCHAR, hint TEXT NOT NULL, PRIMARY KEY (url) );
CREATE TABLE labels ( article VARCHAR NOT NULL, author VARCHAR NOT NULL, revision INTEGER NOT NULL, analyser VARCHAR NOT NULL, record TEXT NOT NULL, embedding BLOB, sketch BLOB, at FLOAT NOT NULL, PRIMARY KEY (article, author) );
CREATE TABLE pages ( id INTEGER NOT NULL, url VARCHAR NOT NULL, digest VARCHAR NOT NULL, status INTEGER NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL, fetched FLOAT NOT NULL, PRIMARY KEY (id), UNIQUE (url, digest) );
CREATE TABLE quarantine ( step VARCHAR NOT NULL, "key" VARCHAR NOT NULL, source VARCHAR NOT NULL, reason VARCHAR NOT NULL, detail TEXT NOT NULL, times INTEGER NOT NULL, first FLOAT NOT NULL, last FLOAT NOT NULL, PRIMARY KEY (step, "key") );
CREATE TABLE revisions ( article VARCHAR NOT NULL, revision INTEGER NOT NULL, page INTEGER, seen FLOAT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (article, revision), FOREIGN KEY(article) REFERENCES articles (id), FOREIGN KEY(page) REFERENCES pages (id) );
CREATE TABLE robots ( origin VARCHAR NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL, fetched FLOAT NOT NULL, PRIMARY KEY (origin) );
CREATE TABLE stories ( article VARCHAR NOT NULL, story VARCHAR NOT NULL, reprint_of VARCHAR, PRIMARY KEY (article) );
CREATE TABLE to_read ( article VARCHAR NOT NULL, since FLOAT NOT NULL, attempts INTEGER NOT NULL, next_try FLOAT NOT NULL, lease VARCHAR, PRIMARY KEY (article) );
CREATE TABLE workers ( id VARCHAR NOT NULL, step VARCHAR NOT NULL, host VARCHAR NOT NULL, pid INTEGER NOT NULL, beat FLOAT NOT NULL, PRIMARY KEY (id) );
CREATE INDEX articles_published ON articles (published);
CREATE INDEX fetches_at ON fetches (at);
CREATE INDEX frontier_due ON frontier (next_try);
CREATE INDEX stories_story ON stories (story)
