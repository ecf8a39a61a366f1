"""One-line summaries and cluster names as a model writes them: with planted private matter, and without any.

Made in the likeness of the sets of the study that docs/redaction.md compares with: 15 origins of names, 225 leaky lines
with 270 planted spans, 195 of them names, and 95 lines that hold nothing private. Names are made up.
"""

# ruff: noqa: E501 - rows of a table

from __future__ import annotations

from typing import NamedTuple

NAMES: dict[str, str] = {
    "english": "Harold Whitcombe, Megan Ashdown, Tobias Fenwick, Clara Pemberton, Russell Thackeray, Judith Marlowe, "
    "Nigel Braithwaite, Dorothy Kirkland, Wesley Hargrove, Annabel Croft, Gordon Pickering, Sylvia Dunmore, Owen Lathrop",
    "american": "Tyrone Jefferson, Brittany Kowalczyk, Marcus Delacroix, Kayla Henderson, Dwayne Hollis, Peggy Stubblefield, "
    "Travis McAllister, Latoya Simmons, Chad Brubaker, Wanda Oglesby, Curtis Yarbrough, Tiffany Vandermeer, Earl Higginbotham",
    "german": "Jürgen Hellwig, Annegret Schüttler, Matthias Brinkmann, Sabine Dörfler, Uwe Kallenbach, Heike Rosenthal, "
    "Dieter Vogelsang, Ulrike Baumgärtner, Karsten Lindner, Gisela Oppermann, Torsten Wiegand, Monika Habicht, Rainer Stöber",
    "french": "Étienne Beaumont, Marguerite Lefèvre, Thierry Rousselot, Amélie Charpentier, Guillaume Perrin, Sandrine Delvaux, "
    "Benoît Garnier, Hélène Marchand, Olivier Tessier, Mathilde Aubry, Pascal Fournier, Colette Vasseur, Luc Bonhomme",
    "spanish": "Ignacio Villanueva, Rosario Etxeberria, Joaquín Montalbán, Pilar Quintanilla, Esteban Corrales, Lucía Benavides, "
    "Rodrigo Salcedo, Consuelo Arriaga, Fermín Olmedo, Beatriz Zamorano, Álvaro Peñalver, Inés Carrasquilla, Gonzalo Baeza",
    "portuguese": "Thiago Nogueira, Fernanda Albuquerque, João Meireles, Beatriz Cavalcanti, Rafael Pinheiro, Luana Figueiredo, "
    "Caio Vasconcelos, Helena Brandão, Murilo Tavares, Teresa Quintela, Diogo Sarmento, Raquel Fontoura, Vasco Lourenço",
    "italian": "Gianluca Ferraris, Ornella Bevilacqua, Massimo Colonnello, Chiara Santangelo, Federico Brambilla, Giulia Marchetti, "
    "Renzo Cattaneo, Loredana Pellegrino, Davide Mantovani, Silvana Tedesco, Enzo Palladino, Martina Guidi, Corrado Vitale",
    "polish": "Krzysztof Wiśniewski, Agnieszka Dąbrowska, Zbigniew Olszewski, Małgorzata Kubiak, Paweł Grabowski, Ewelina Sikora, "
    "Tomasz Pawlak, Bożena Czarnecka, Grzegorz Wilk, Halina Mazurek, Mariusz Górecki, Dorota Sobczak, Łukasz Witkowski",
    "turkish": "Mehmet Yıldırım, Ayşe Karahan, Emre Kılıçoğlu, Zeynep Aksoy, Burak Özdemir, Elif Şahinbaş, "
    "Serkan Doğru, Fatma Erdoğmuş, Kerem Tunçer, Gülşen Arıkan, Onur Baştürk, Nihan Çetinkaya, Volkan Sezer",
    "indian": "Priya Raghunathan, Arjun Venkatesan, Sunita Deshpande, Rahul Chakraborty, Kavita Iyer, Manish Agarwal, "
    "Deepa Krishnaswamy, Vikram Chauhan, Anjali Mukherjee, Suresh Pillai, Lakshmi Narayanan, Rohan Bhattacharya, Meera Joshi",
    "chinese": "Zhang Weimin, Li Xiaohong, Wang Jianguo, Chen Meiling, Liu Haoran, Zhao Yifei, "
    "Huang Zhiqiang, Zhou Lihua, Xu Mingze, Sun Qiaoyun, Guo Tianyu, He Shuzhen, Lin Zehao",
    "japanese": "Haruto Nakagawa, Yuki Matsudaira, Kenji Shirakawa, Sakura Fujimori, Takeshi Onodera, Aiko Hasegawa, "
    "Ryota Kuroda, Misaki Tachibana, Hiroshi Ebisawa, Naomi Takahata, Daisuke Murakoshi, Keiko Yamanouchi, Shinji Aramaki",
    "arabic": "Khalid Al-Mansouri, Fatima Benyahia, Omar Haddad, Layla Khoury, Youssef El Idrissi, Nadia Bouzid, "
    "Tariq Al-Fayed, Samira Qasemi, Hassan Maalouf, Amina Zeroual, Karim Boutros, Rania Shaheen, Walid Nassar",
    "african": "Chukwuemeka Okonkwo, Adaeze Nwosu, Kwame Asante-Boateng, Ngozi Eze, Thabo Mokoena, Zanele Dlamini, "
    "Babatunde Adeyemi, Wanjiru Kamau, Sipho Nkosi, Amara Diallo, Tendai Moyo, Folasade Ogunleye, Juma Mwangi",
    "russian": "Dmitri Volkonsky, Yekaterina Sobolevskaya, Sergei Baranov, Oksana Melnychenko, Andrei Lukashin, Svetlana Gromova, "
    "Pavel Zaitsev, Irina Kovalchuk, Mikhail Ostrovsky, Tatyana Belova, Yuri Shevchuk, Natalia Drozdova, Boris Tikhonov",
}  # fmt: skip
"""Thirteen of each of fifteen origins."""

_WITH_NAME = (
    "Help {} write a resignation letter to an employer",
    "Draft a birthday speech for {} and the family",
    "The user asks for advice about a dispute with {} over rent",
    "Users seek help with emails to {} about late invoices",
    "Summarise the medical report of {} in plain words",
    "{} wants a study plan for a chemistry examination",
    "Explain a diagnosis of diabetes to {} kindly",
    "Write a performance review of {}, a junior accountant",
    "The user, {}, plans a trip to Lisbon with two children",
    "Compose an apology to {} after an argument at work",
    "Translate the marriage certificate of {} into English",
    "Prepare {} for an interview at a bank",
    "Discuss the divorce of {} and custody of the children",
)
_OTHER = (
    ("at {}", (
        "48 Larchmont Avenue", "1207 Willow Creek Road", "9 Bridge Street", "350 Kensington Drive", "77 Harbour Lane",
        "15 rue des Lilas", "Lindenstraße 24", "221 Foxglove Court", "6630 Sunset Boulevard", "Via Garibaldi 18",
        "102 Maple Terrace", "Calle Mayor 33", "58 Station Road", "4410 Pine Ridge Way", "31 Castle Hill Close",
    )),
    ("by mail to {}", (
        "h.whitcombe@example.com", "meg_ash@example.org", "info@thackeray.example.net", "j.m+home@example.com", "x91@example.co.uk",
        "lefevre@example.fr", "nakagawa.h@example.jp", "w.kamau@example.co.ke", "thiago@example.com.br", "yildirim@example.com.tr",
        "belova_t@example.ru", "priya.r@example.in", "hellwig@example.de", "okonkwo@example.ng", "sikora@example.pl",
    )),
    ("by telephone at {}", (
        "+1 415 555 0132", "(212) 555-0187", "+44 20 7946 0958", "+49 30 901820", "+33 1 42 68 53 00",
        "+34 912 345 678", "+55 11 91234-5678", "+39 06 6982 1234", "+48 22 694 55 50", "+90 212 555 12 34",
        "+91 98765 43210", "+86 138 0013 8000", "+81 3 1234 5678", "+234 803 123 4567", "+7 495 123 45 67",
    )),
    ("paid from {}", (
        "GB29 NWBK 6016 1331 9268 19", "DE89 3704 0044 0532 0130 00", "FR14 2004 1010 0505 0001 3M02 606", "ES91 2100 0418 4502 0005 1332",
        "IT60 X054 2811 1010 0000 0123 456", "NL91 ABNA 0417 1643 00", "4111 1111 1111 1111", "5500 0055 5555 5559", "3782 822463 10005",
        "6011 1111 1111 1117", "4012 8888 8888 1881", "PL61 1090 1014 0000 0712 1981 2874", "CH93 0076 2011 6238 5295 7",
        "5105 1051 0510 5100", "BE68 5390 0754 7034",
    )),
    ("from the server {}", (
        "203.0.113.57", "198.51.100.23", "2001:db8:85a3::8a2e:370:7334", "192.0.2.146", "203.0.113.9",
        "198.51.100.77", "192.0.2.8", "2001:db8::ff00:42:8329", "203.0.113.201", "198.51.100.4",
        "192.0.2.33", "203.0.113.88", "198.51.100.160", "192.0.2.250", "203.0.113.14",
    )),
)  # fmt: skip
_ALONE = (
    "Find a plumber {}", "Reserve a table {}", "Send the contract {}", "Ask about the delivery {}", "Report a fault {}",
    "Cancel the order {}",
)  # fmt: skip

TECHNICAL: tuple[str, ...] = (
    "Debug Kafka consumers", "Configure Jenkins pipelines for Docker builds", "Test React components with Jasmine",
    "Monitor clusters with Prometheus and Grafana", "Write Cucumber scenarios", "Explain Java generics",
    "Clean data frames with Pandas", "Compare Claude with other assistants", "Migrate databases to Postgres",
    "Maintain Delphi applications", "Deploy functions on AWS Lambda", "Implement Dijkstra's algorithm",
    "Tune Kalman filters for tracking", "Automate browsers with Selenium and Puppeteer", "Style pages with Tailwind CSS",
    "Query MongoDB from Node.js", "Fix Gradle builds in Kotlin projects", "Set up Ansible playbooks",
    "Train models in PyTorch on Nvidia cards", "Write Bash scripts for backups", "Use Redis as a queue in Celery",
    "Explain Bayes' theorem and Markov chains", "Solve Fourier and Laplace transforms", "Prove theorems of Gauss and Euler",
    "Draw Gantt charts in Excel", "Tune Apache Spark jobs on Hadoop", "Write Verilog for small circuits",
    "Use Julia for linear algebra", "Build games in Unity and Godot", "Configure Nginx and Apache servers",
    "Learn Rust ownership", "Debug Ruby on Rails routes", "Plan sprints in Jira and Confluence",
    "Design logos in Figma and Canva", "Write plugins for WordPress", "Port code from Pascal to Python",
    "Explain the Turing machine and Gödel numbers", "Use Hugging Face transformers", "Set up Airflow jobs",
    "Compute Pearson and Spearman correlations",
)  # fmt: skip
GENERAL: tuple[str, ...] = (
    "Plan a vegetarian dinner for a family", "Improve the tone of a business email", "Users ask for help with grief after a loss",
    "Translate short texts into other languages", "Write poems about autumn", "Prepare for job interviews in nursing",
    "Explain tax rules for small firms", "Suggest names for a puppy", "Summarise long news articles",
    "Practise small talk in a foreign language", "Create exercise plans for bad knees", "Revise essays for school",
    "Users want recipes for sourdough bread", "Discuss side effects of common medicine", "Choose a laptop for university",
    "Write a letter of complaint to a landlord", "Explain how vaccines work", "Plan a weekend in the mountains",
    "Make a budget for a wedding", "Find synonyms and rhymes", "Learn to play the guitar", "Write dialogue for a fantasy novel",
    "Users ask about symptoms of anxiety", "Check grammar and spelling", "Prepare lesson plans for young children",
    "Explain rules of chess and bridge", "Repair a leaking tap", "Choose plants for a shady garden",
    "Write product descriptions for a web shop", "Migrate photographs to a new telephone",
)  # fmt: skip
PLACES: tuple[str, ...] = (
    "Explain the causes of the First World War", "Plan a trip to Jordan and Lebanon", "Compare the economies of Chad and Niger",
    "Discuss the history of Georgia and Armenia", "Visit museums in Florence and Vienna", "Learn Turkish for a year in Istanbul",
    "Explain the French Revolution", "Summarise the Treaty of Versailles", "Users ask about visas for Canada",
    "Compare cities in Germany and Austria", "Explain the Roman Empire to pupils", "Discuss the partition of India",
    "Describe the Ming dynasty", "Plan a road trip through Virginia and Carolina", "Study the Ottoman Empire",
    "Discuss elections in Brazil", "Explain the Cold War", "Find hotels in Paris and London", "Learn about the Aztecs and Incas",
    "Users ask about the climate of Kenya", "Discuss trade between China and Australia", "Explain the Meiji restoration",
    "Compare universities in the Netherlands", "Describe the Great Wall", "Trace the Silk Road through Central Asia",
)  # fmt: skip
BENIGN_LINES = (*TECHNICAL, *GENERAL, *PLACES)


class Leaky(NamedTuple):
    line: str
    planted: tuple[tuple[str, str], ...]
    """Kind (``name`` or what it is) and the planted text."""


def leaky() -> list[Leaky]:
    """195 lines with a name, 45 of them with one more thing; and 30 lines with such a thing alone."""
    others = [(how, value) for values in zip(*(v for _, v in _OTHER), strict=True) for how, value in
              zip((h for h, _ in _OTHER), values, strict=True)]  # fmt: skip
    rows: list[Leaky] = []
    for origin in NAMES.values():
        for number, name in enumerate(origin.split(", ")):
            line, planted = _WITH_NAME[number].format(name), [("name", name)]
            if number % 13 in (0, 5, 10):
                how, value = others[len([1 for row in rows if len(row.planted) == 2])]
                line, planted = f"{line}, {how.format(value)}", [*planted, (how, value)]
            rows.append(Leaky(line, tuple(planted)))
    left = others[45:]
    rows += [Leaky(_ALONE[n % 6].format(how.format(value)), ((how, value),)) for n, (how, value) in enumerate(left)]
    return rows
