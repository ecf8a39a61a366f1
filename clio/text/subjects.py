"""A fixed vocabulary of subjects that people bring to an assistant, written before any data was seen.

A name chosen from it holds nothing from any conversation: only the choice depends on the data. It serves small or
mixed clusters in which too few people share a word, and parents that span many things. Broad and narrow subjects stand
side by side; the nearest in meaning is taken.
"""

from __future__ import annotations

WRITER = "vocabulary"

SUBJECTS: tuple[str, ...] = tuple(
    line.strip()
    for line in """
    Writing and editing text
    Proofreading and correcting grammar
    Rewriting text in another tone
    Shortening and summarising text
    Writing emails
    Writing work emails and messages to colleagues
    Writing complaints and refund requests
    Writing formal letters
    Writing cover letters and resumes
    Preparing for job interviews
    Career advice and job search
    Salary negotiation and promotions
    Resigning from a job
    Writing speeches and toasts
    Writing wedding and birthday messages
    Writing invitations and thank-you notes
    Writing short stories and fiction
    Plot, characters and world building
    Writing poems
    Writing song lyrics
    Writing jokes and humour
    Role play and character dialogue
    Fan fiction
    Screenplays and scripts for video
    Writing blog posts and articles
    Writing product descriptions
    Advertising slogans and marketing copy
    Marketing plans and campaigns
    Social media posts and captions
    Search engine optimisation
    Names for businesses and products
    Business ideas and plans
    Starting and running a small business
    Customer service replies
    Product reviews and ratings
    Sales and negotiation
    Project management and planning meetings
    Meeting notes and agendas
    Presentations and slides
    Reports and business documents
    Human resources and workplace policy
    Conflict with colleagues and managers
    Remote work and productivity
    Time management and habits
    Essays and academic writing
    Research papers and literature reviews
    Citations and references
    Thesis and dissertation work
    Homework and study help
    Studying for exams
    Lesson plans and teaching material
    Quizzes, worksheets and flashcards
    University applications and admission essays
    Scholarships and student life
    Mathematics problems
    Algebra and calculus
    Geometry and trigonometry
    Statistics and probability
    Physics problems
    Chemistry questions
    Biology and genetics
    Astronomy and space
    Earth science, climate and geography
    Engineering and electronics
    History
    Philosophy and ethics
    Religion and spirituality
    Politics and government
    Elections and public policy
    Economics
    Law and legal questions
    Contracts and agreements
    Rental agreements and landlords
    Immigration and visas
    Taxes and tax returns
    Banking and bank accounts
    Credit cards and card payments
    Loans, mortgages and debt
    Credit scores and credit reports
    Budgeting and personal finance
    Investing, stocks and retirement savings
    Cryptocurrency and trading
    Insurance and health plans
    Bills and payments
    Transferring money and direct deposit
    Lost, stolen or damaged cards and fraud
    Currency and unit conversion
    Salary, pay and time off
    Vacation days and leave requests
    Buying or selling a home
    Renting a flat and moving house
    Home repair and maintenance
    Furniture, decoration and interior design
    Cleaning and household chores
    Laundry and stain removal
    Gardening and house plants
    Pests and insects in the home
    Pets and animal care
    Dogs and dog training
    Cats and cat behaviour
    Wildlife and nature
    Cooking and recipes
    Baking bread and cakes
    Meal plans and shopping lists
    Food storage and safety
    Ingredients, substitutions and nutrition
    Diets and weight loss
    Restaurants and reservations
    Wine, coffee and drinks
    Travel planning and itineraries
    Flights and airlines
    Hotels and accommodation
    Luggage and packing
    Public transport, trains and buses
    Traffic, routes and directions
    Taxis and rides
    Renting a car
    Car maintenance and repair
    Fuel, tyres and mileage
    Bicycles and cycling
    Driving licences and road rules
    Delivery and parcel tracking
    Online shopping and orders
    Returns, warranties and refunds
    Gift ideas
    Clothing and fashion
    Beauty, skin and hair care
    Health symptoms and medical questions
    Medicines and side effects
    Sleep problems
    Headaches and pain
    Pregnancy and babies
    Parenting and raising children
    Children's bedtime and behaviour
    School and teachers
    Caring for elderly parents
    Mental health and anxiety
    Stress, burnout and motivation
    Grief and loss
    Loneliness and friendship
    Family conflict
    Relationships and dating
    Breakups and divorce
    Wedding planning
    Party and event planning
    Fitness and workout plans
    Running and endurance training
    Yoga and meditation
    Sports results and rules
    Football and team sports
    Board games and card games
    Video games
    Dungeons and tabletop role playing
    Puzzles and riddles
    Trivia and fun facts
    Movies and television
    Books and reading recommendations
    Music and playlists
    Playing an instrument
    Art and drawing
    Photography and video editing
    Prompts for image generation
    Graphic design and logos
    Crafts, knitting and sewing
    Woodworking and do-it-yourself projects
    Hobbies and free time
    Weather forecasts
    Time, dates and time zones
    Calendar and appointments
    Reminders and to-do lists
    Alarms and timers
    Phone calls and text messages
    Finding a lost phone or device
    Smart home devices
    Voice assistant settings
    Changing the assistant's name, voice or language
    Questions about the assistant itself
    Greetings and small talk
    Yes, no and other short replies
    Translating text
    Translating everyday phrases
    Learning a foreign language
    English grammar and vocabulary
    Meaning and spelling of words
    Pronunciation and accents
    Programming and debugging code
    Python scripts and errors
    JavaScript and web pages
    HTML, CSS and page layout
    Web frameworks and front-end development
    Back-end services and APIs
    Databases and SQL queries
    Spreadsheets and formulas
    Charts and data visualisation
    Data analysis and data cleaning
    Machine learning and neural networks
    Language models and prompts
    Java and C# programs
    C and C++ programs
    Shell scripts and the command line
    Git and version control
    Docker, deployment and servers
    Cloud services
    Unit tests and code review
    Algorithms and data structures
    Regular expressions and text processing
    Mobile app development
    Game development
    Embedded devices and microcontrollers
    Software architecture and design
    Installing and configuring software
    Linux systems
    Windows computers
    Printers, wifi and home networks
    Slow or broken computers
    Phones and tablets
    Passwords and account access
    Online privacy and security
    Cybersecurity and hacking
    Malware and phishing
    Email and calendar software
    File formats and conversion
    Extracting data from text
    Classifying and labelling text
    Comparing products before buying
    Brainstorming ideas
    Making decisions
    Explaining concepts simply
    Current events and news
    Famous people and biographies
    Countries, cities and capitals
    Culture and customs
    Holidays and traditions
    Emergency preparedness and first aid
    Military and weapons
    Drugs and alcohol
    Crime and illegal activities
    Fraud and scams
    Hate speech and insults
    Harassment and threats
    Self-harm and suicide
    Sexual content
    Violence and injury
    Misinformation and conspiracy theories
    Getting around an assistant's rules
    """.strip().splitlines()
)
