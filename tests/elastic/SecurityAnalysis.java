package org.vigie.analyzers;

import java.util.regex.Pattern;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.TokenFilterFactory;
import org.elasticsearch.plugin.analysis.TokenizerFactory;

/** What the index of users and API keys needs of the module that the minimal distribution lacks: its analysis of mail addresses. */
public class SecurityAnalysis {

    @NamedComponent("pattern_capture")
    public static class Email implements TokenFilterFactory {
        public TokenStream create(TokenStream stream) {
            return new PatternCaptureGroupTokenFilter(
                stream, true, Pattern.compile("([^@]+)"), Pattern.compile("(\\p{L}+)"), Pattern.compile("(\\d+)"), Pattern.compile("@(.+)")
            );
        }
    }

    @NamedComponent("unique")
    public static class Unique implements TokenFilterFactory {
        public TokenStream create(TokenStream stream) {
            return new RemoveDuplicatesTokenFilter(stream);
        }
    }

    @NamedComponent("uax_url_email")
    public static class Addresses implements TokenizerFactory {
        public Tokenizer create() {
            return new UAX29URLEmailTokenizer();
        }
    }
}
